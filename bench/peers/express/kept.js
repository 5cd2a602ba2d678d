// The same patient API with what the patient API's contract promises about persons: each personal member sealed by
// AES-256-GCM, look-ups by an HMAC, one report in care for a person by a unique key, and a journal line for each write
// and each read, the write's in its transaction.
'use strict';

const crypto = require('node:crypto');
const { COLUMNS, SIGNS, inCare, invalid, patient, shown } = require('./patients');

const KEY = crypto.randomBytes(32);
const INDEX_KEYS = { nik: crypto.randomBytes(32), noRM: crypto.randomBytes(32) };
const PERSONAL = new Set(
  ['nik', 'noPassport', 'noRM', 'namaLengkapPasien', 'namaInisialPasien', 'email', 'noTelp']);

const NAMES = [...COLUMNS, ...SIGNS, 'row_name', 'nik_indeks', 'noRM_indeks', 'dirawat'];
const INSERT = `INSERT INTO pasien_terjaga (${NAMES.join(', ')}) VALUES (${NAMES.map(() => '?').join(', ')})`;
const ONE = "SELECT * FROM pasien_terjaga WHERE kode_rs = ? AND id = ? AND tanggalKeluar = '0000-00-00'";
const LINE = 'INSERT INTO jurnal (kode_rs, akun, tindakan, objek, objek_id, isi) VALUES (?, ?, ?, ?, ?, ?)';

function sealed(hospital, row, name, text) {
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv('aes-256-gcm', KEY, nonce);
  cipher.setAAD(Buffer.from(`pasien/${name}/${hospital}/${row}`));
  return Buffer.concat([Buffer.from('k1'), nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

function opened(hospital, row, name, value) {
  if (value === null) return null;
  const decipher = crypto.createDecipheriv('aes-256-gcm', KEY, value.subarray(2, 14));
  decipher.setAAD(Buffer.from(`pasien/${name}/${hospital}/${row}`));
  decipher.setAuthTag(value.subarray(value.length - 16));
  return Buffer.concat([decipher.update(value.subarray(14, value.length - 16)), decipher.final()]).toString('utf8');
}

function blind(name, hospital, text) {
  return crypto.createHmac('sha256', INDEX_KEYS[name]).update(`${hospital}/${text}`).digest();
}

function handlers(pool) {
  async function admit(request, response) {
    const { error, value } = patient.validate(request.body);
    if (error) return invalid(response, error);
    const hospital = request.hospital;
    const row = { ...value, ...value.gejala, kode_rs: hospital, email: value.email ?? null };
    // The database gives the number, so the members are bound to a name that is known before the row is written.
    row.row_name = crypto.randomBytes(16).toString('hex');
    row.nik_indeks = row.dirawat = blind('nik', hospital, row.nik);
    row.noRM_indeks = blind('noRM', hospital, row.noRM);
    for (const name of PERSONAL) {
      if (row[name] !== null) row[name] = sealed(hospital, row.row_name, name, row[name]);
    }
    const isi = JSON.stringify(Object.fromEntries(
      Object.entries(row).map(([name, it]) => [name, Buffer.isBuffer(it) ? it.toString('base64') : it])));
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      const [made] = await connection.execute(INSERT, NAMES.map((name) => row[name]));
      await connection.execute(LINE, [hospital, hospital, 'tambah', 'pasien_covid', made.insertId, isi]);
      await connection.commit();
      return response.status(201)
        .json({ status: true, message: 'data inserted successfully', data: { id: made.insertId } });
    } catch (failed) {
      await connection.rollback();
      if (failed.code === 'ER_DUP_ENTRY') return inCare(response);
      throw failed;
    } finally {
      connection.release();
    }
  }

  async function show(request, response) {
    const hospital = request.hospital;
    const [[row]] = await pool.execute(ONE, [hospital, request.params.id]);
    if (!row) return response.json({ status: true, message: 'data not found', data: null });
    await pool.execute(LINE, [hospital, hospital, 'baca', 'pasien_covid', row.id, '']);
    return response.json(shown(row, (name) => opened(hospital, row.row_name, name, row[name])));
  }

  return { admit, show };
}

module.exports = { handlers };
