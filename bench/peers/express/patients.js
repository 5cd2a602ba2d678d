// The patient report and one report read back, as a small Node service does them: joi, a look, an insert.
'use strict';

const joi = require('joi');

const text = joi.string().required();
const number = joi.number().required();
const SYMPTOMS = ['demam', 'batuk', 'pilek', 'sakitTenggorokan', 'sesakNapas', 'lemas', 'nyeriOtot', 'mualMuntah',
  'diare', 'anosmia', 'napasCepat', 'frekNapas30KaliPerMenit', 'distresPernapasanBerat', 'lainnya'];
const patient = joi.object({
  kewarganegaraanId: text, nik: text, noPassport: text.allow(null), asalPasienId: number, noRM: text,
  namaLengkapPasien: text, namaInisialPasien: text, tanggalLahir: text, email: joi.string().allow(null), noTelp: text,
  jenisKelaminId: text, domisiliKecamatanId: number, domisiliKabKotaId: number, domisiliProvinsiId: number,
  pekerjaanId: number, tanggalMasuk: text, jenisPasienId: number, varianCovidId: number, statusPasienId: number,
  statusCoInsidenId: number, statusRawatId: number, alatOksigenId: number.allow(null), penyintasId: number,
  tanggalOnsetGejala: text, kelompokGejalaId: number,
  gejala: joi.object(Object.fromEntries(SYMPTOMS.map((name) => [`${name}Id`, number]))).required(),
});
const COLUMNS = ['kode_rs', 'kewarganegaraanId', 'nik', 'noPassport', 'asalPasienId', 'noRM', 'namaLengkapPasien',
  'namaInisialPasien', 'tanggalLahir', 'email', 'noTelp', 'jenisKelaminId', 'domisiliKecamatanId', 'domisiliKabKotaId',
  'domisiliProvinsiId', 'pekerjaanId', 'tanggalMasuk', 'jenisPasienId', 'varianCovidId', 'statusPasienId',
  'statusCoInsidenId', 'statusRawatId', 'alatOksigenId', 'penyintasId', 'tanggalOnsetGejala', 'kelompokGejalaId'];
const SIGNS = SYMPTOMS.map((name) => `${name}Id`);
const INSERT = `INSERT INTO pasien (${[...COLUMNS, ...SIGNS].join(', ')})` +
  ` VALUES (${[...COLUMNS, ...SIGNS].map(() => '?').join(', ')})`;
const IN_CARE = "SELECT id FROM pasien WHERE kode_rs = ? AND nik = ? AND tanggalKeluar = '0000-00-00' LIMIT 1";
const ONE = "SELECT * FROM pasien WHERE kode_rs = ? AND id = ? AND tanggalKeluar = '0000-00-00'";


// The answer to a report that is there; `open` gives a member's clear text.
function shown(row, open = (name) => row[name]) {
  const gejala = Object.fromEntries(SYMPTOMS.map((name) => [name, { id: row[`${name}Id`] }]));
  const data = { id: row.id, noRM: open('noRM'), namaInisialPasien: open('namaInisialPasien'),
    tanggalLahir: row.tanggalLahir, jenisKelamin: { id: row.jenisKelaminId }, email: open('email'),
    noTelp: open('noTelp'), tanggalMasuk: row.tanggalMasuk, pekerjaan: { id: row.pekerjaanId },
    statusRawat: { id: row.statusRawatId }, gejala };
  return { status: true, message: 'data found', data };
}

function invalid(response, error) {
  return response.status(404).json({ status: false, message: error.details[0].message });
}

function inCare(response) {
  const message = 'Pasien dengan NIK tersebut masih dalam perawatan';
  return response.status(422).json({ status: false, message });
}

function handlers(pool) {
  async function admit(request, response) {
    const { error, value } = patient.validate(request.body);
    if (error) return invalid(response, error);
    const [there] = await pool.execute(IN_CARE, [request.hospital, value.nik]);
    if (there.length) return inCare(response);
    const row = { ...value, ...value.gejala, kode_rs: request.hospital, email: value.email ?? null };
    const [made] = await pool.execute(INSERT, [...COLUMNS, ...SIGNS].map((name) => row[name]));
    return response.status(201).json({ status: true, message: 'data inserted successfully', data: { id: made.insertId } });
  }

  async function show(request, response) {
    const [[row]] = await pool.execute(ONE, [request.hospital, request.params.id]);
    return response.json(row ? shown(row) : { status: true, message: 'data not found', data: null });
  }

  return { admit, show };
}

module.exports = { COLUMNS, SIGNS, handlers, inCare, invalid, patient, shown };
