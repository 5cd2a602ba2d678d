CREATE TABLE account (
  user_name TEXT NOT NULL,
  kode_rs TEXT,
  hash TEXT NOT NULL,
  aktif BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  addresses TEXT NOT NULL,
  rights TEXT NOT NULL,
  valid_until BIGINT,
  created_at BIGINT NOT NULL,
  exposed_at BIGINT,
  exposed_from TEXT,
  PRIMARY KEY (user_name)
);

CREATE TABLE antrian (
  kode_rs TEXT NOT NULL,
  kodebooking_index BYTEA NOT NULL,
  kodebooking BYTEA,
  jenispasien TEXT,
  nik BYTEA,
  kodepoli TEXT,
  namapoli TEXT,
  pasienbaru BIGINT,
  norm BYTEA,
  tanggalperiksa DATE,
  kodedokter TEXT,
  namadokter BYTEA,
  jampraktek TEXT,
  jampraktekawal TEXT,
  jampraktekakhir TEXT,
  jeniskunjungan TEXT,
  nomorreferensi BYTEA,
  nomorantrean TEXT,
  angkaantrean BIGINT,
  estimasidilayani BIGINT,
  sisakuotajkn BIGINT,
  kuotajkn BIGINT,
  sisakuotanonjkn BIGINT,
  kuotanonjkn BIGINT,
  keterangan TEXT,
  persons TEXT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, kodebooking_index)
);

CREATE INDEX antrian_day ON antrian (kode_rs, tanggalperiksa);

CREATE TABLE antrian_task (
  kode_rs TEXT NOT NULL,
  kodebooking_index BYTEA NOT NULL,
  kodebooking BYTEA,
  taskid TEXT NOT NULL,
  waktu BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, kodebooking_index, taskid, received_at)
)
 PARTITION BY RANGE (received_at);

CREATE TABLE apd (
  kode_rs TEXT NOT NULL,
  id_kebutuhan TEXT NOT NULL,
  jumlah_eksisting BIGINT,
  jumlah BIGINT,
  jumlah_diterima BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id_kebutuhan)
);

CREATE TABLE api_call (
  kode_rs TEXT NOT NULL,
  request_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  method TEXT NOT NULL,
  report TEXT NOT NULL,
  status BIGINT NOT NULL,
  ms DOUBLE PRECISION NOT NULL,
  address TEXT,
  clock TEXT,
  repairs TEXT NOT NULL,
  warnings TEXT NOT NULL,
  body BYTEA,
  answer BYTEA,
  PRIMARY KEY (kode_rs, request_id)
);

CREATE INDEX api_call_at ON api_call (kode_rs, at);

CREATE TABLE bed_history (
  kode_rs TEXT NOT NULL,
  id_t_tt BIGINT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  id_tt TEXT,
  ruang TEXT,
  jumlah_ruang BIGINT,
  jumlah BIGINT,
  terpakai BIGINT,
  terpakai_suspek BIGINT,
  terpakai_konfirmasi BIGINT,
  antrian BIGINT,
  prepare BIGINT,
  prepare_plan BIGINT,
  covid BIGINT,
  terpakai_dbd BIGINT,
  terpakai_dbd_anak BIGINT,
  jumlah_dbd BIGINT,
  deleted BOOLEAN NOT NULL,
  PRIMARY KEY (kode_rs, id_t_tt, version, at)
)
 PARTITION BY RANGE (at);

CREATE TABLE bed_round (
  kode_rs TEXT NOT NULL,
  at BIGINT NOT NULL,
  changed BOOLEAN NOT NULL,
  confirmed BOOLEAN NOT NULL,
  person BOOLEAN NOT NULL,
  PRIMARY KEY (kode_rs, at)
);

CREATE TABLE credential (
  kode_rs TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  valid_until BIGINT,
  revoked_at BIGINT,
  exposed_at BIGINT,
  exposed_from TEXT,
  PRIMARY KEY (kode_rs, number)
);

CREATE TABLE data_key (
  number BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  wrapped BYTEA NOT NULL,
  master TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE draft (
  kode_rs TEXT NOT NULL,
  user_name TEXT NOT NULL,
  form TEXT NOT NULL,
  at BIGINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (kode_rs, user_name, form)
);

CREATE TABLE hospital (
  kode_rs TEXT NOT NULL,
  nama TEXT NOT NULL,
  zona TEXT NOT NULL,
  kab_kota TEXT,
  aktif BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  create_on_put BOOLEAN NOT NULL,
  always_200 BOOLEAN NOT NULL,
  clock_mode TEXT NOT NULL,
  absent_clock_until BIGINT,
  created_at BIGINT NOT NULL,
  signed_only BOOLEAN DEFAULT false NOT NULL,
  PRIMARY KEY (kode_rs)
);

CREATE TABLE idempotency (
  kode_rs TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  digest BYTEA NOT NULL,
  at BIGINT NOT NULL,
  answer BYTEA NOT NULL,
  PRIMARY KEY (kode_rs, route, key)
);

CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE journal (
  kode_rs TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  object TEXT NOT NULL,
  key TEXT NOT NULL,
  verb TEXT NOT NULL,
  source TEXT NOT NULL,
  account TEXT NOT NULL,
  address TEXT,
  request_id TEXT,
  claimed TEXT,
  clock TEXT,
  person1 TEXT,
  person2 TEXT,
  "old" BYTEA,
  "new" BYTEA,
  hash BYTEA NOT NULL,
  PRIMARY KEY (kode_rs, seq, at)
)
 PARTITION BY RANGE (at);

CREATE INDEX journal_account ON journal (account, at);

CREATE INDEX journal_person1 ON journal (person1) WHERE person1 IS NOT NULL;

CREATE INDEX journal_person2 ON journal (person2) WHERE person2 IS NOT NULL;

CREATE INDEX journal_record ON journal (kode_rs, object, key);

CREATE TABLE journal_head (
  kode_rs TEXT NOT NULL,
  seq BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  beds_round BIGINT,
  beds_last BIGINT,
  beds_changed BIGINT,
  beds_confirmed BIGINT,
  beds_person BIGINT,
  PRIMARY KEY (kode_rs)
);

CREATE TABLE kematian (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  nik BYTEA,
  nama BYTEA,
  jenis_kelamin TEXT,
  tanggal_lahir DATE,
  ktp_alamat BYTEA,
  ktp_kelurahan_id BIGINT,
  ktp_kecamatan_id BIGINT,
  ktp_kab_kota_id BIGINT,
  ktp_provinsi_id BIGINT,
  domisili_alamat BYTEA,
  tanggal_masuk DATE,
  saturasi_oksigen DOUBLE PRECISION,
  tanggal_kematian DATE,
  lokasi_kematian_id BIGINT,
  penyebab_kematian_langsung_id TEXT,
  kasus_kematian_id TEXT,
  status_komorbid TEXT,
  komorbid_1_id TEXT,
  komorbid_2_id TEXT,
  komorbid_3_id TEXT,
  komorbid_4_id TEXT,
  status_kehamilan TEXT,
  recognised TEXT,
  persons TEXT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX kematian_recognised ON kematian (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE known_source (
  kode_rs TEXT NOT NULL,
  source TEXT NOT NULL,
  last_good BIGINT NOT NULL,
  PRIMARY KEY (kode_rs, source)
);

CREATE TABLE live_births (
  kode_rs TEXT NOT NULL,
  month DATE NOT NULL,
  births BIGINT NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (kode_rs, month)
);

CREATE TABLE nakes_terinfeksi (
  kode_rs TEXT NOT NULL,
  tanggal DATE NOT NULL,
  co_ass BIGINT,
  residen BIGINT,
  intership BIGINT,
  dokter_spesialis BIGINT,
  dokter_umum BIGINT,
  dokter_gigi BIGINT,
  perawat BIGINT,
  bidan BIGINT,
  apoteker BIGINT,
  radiografer BIGINT,
  analis_lab BIGINT,
  nakes_lainnya BIGINT,
  co_ass_meninggal BIGINT,
  residen_meninggal BIGINT,
  intership_meninggal BIGINT,
  dokter_spesialis_meninggal BIGINT,
  dokter_umum_meninggal BIGINT,
  dokter_gigi_meninggal BIGINT,
  perawat_meninggal BIGINT,
  bidan_meninggal BIGINT,
  apoteker_meninggal BIGINT,
  radiografer_meninggal BIGINT,
  analis_lab_meninggal BIGINT,
  nakes_lainnya_meninggal BIGINT,
  co_ass_dirawat BIGINT,
  co_ass_isoman BIGINT,
  co_ass_sembuh BIGINT,
  residen_dirawat BIGINT,
  residen_isoman BIGINT,
  residen_sembuh BIGINT,
  intership_dirawat BIGINT,
  intership_isoman BIGINT,
  intership_sembuh BIGINT,
  dokter_spesialis_dirawat BIGINT,
  dokter_spesialis_isoman BIGINT,
  dokter_spesialis_sembuh BIGINT,
  dokter_umum_dirawat BIGINT,
  dokter_umum_isoman BIGINT,
  dokter_umum_sembuh BIGINT,
  dokter_gigi_dirawat BIGINT,
  dokter_gigi_isoman BIGINT,
  dokter_gigi_sembuh BIGINT,
  bidan_dirawat BIGINT,
  bidan_isoman BIGINT,
  bidan_sembuh BIGINT,
  apoteker_dirawat BIGINT,
  apoteker_isoman BIGINT,
  apoteker_sembuh BIGINT,
  radiografer_dirawat BIGINT,
  radiografer_isoman BIGINT,
  radiografer_sembuh BIGINT,
  analis_lab_dirawat BIGINT,
  analis_lab_isoman BIGINT,
  analis_lab_sembuh BIGINT,
  nakes_lainnya_dirawat BIGINT,
  nakes_lainnya_isoman BIGINT,
  nakes_lainnya_sembuh BIGINT,
  perawat_dirawat BIGINT,
  perawat_isoman BIGINT,
  perawat_sembuh BIGINT,
  tgllapor BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, tanggal)
);

CREATE TABLE numbers (
  object TEXT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (object)
);

CREATE TABLE oksigen (
  kode_rs TEXT NOT NULL,
  tanggal DATE NOT NULL,
  p_cair DOUBLE PRECISION,
  p_tabung_kecil DOUBLE PRECISION,
  p_tabung_sedang DOUBLE PRECISION,
  p_tabung_besar DOUBLE PRECISION,
  k_isi_cair DOUBLE PRECISION,
  k_isi_tabung_kecil DOUBLE PRECISION,
  k_isi_tabung_sedang DOUBLE PRECISION,
  k_isi_tabung_besar DOUBLE PRECISION,
  tgllapor BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, tanggal)
);

CREATE TABLE pasien_covid (
  kode_rs TEXT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT NOT NULL,
  "kewarganegaraanId" TEXT,
  nik BYTEA,
  "noPassport" BYTEA,
  "asalPasienId" BIGINT,
  "noRM_index" BYTEA,
  "noRM" BYTEA,
  "namaLengkapPasien" BYTEA,
  "namaInisialPasien" BYTEA,
  "tanggalLahir" DATE,
  email BYTEA,
  "noTelp" BYTEA,
  "jenisKelaminId" TEXT,
  "domisiliKecamatanId" BIGINT,
  "domisiliKabKotaId" BIGINT,
  "domisiliProvinsiId" BIGINT,
  "pekerjaanId" BIGINT,
  "tanggalMasuk" DATE,
  "jenisPasienId" BIGINT,
  "varianCovidId" BIGINT,
  "statusPasienId" BIGINT,
  "statusCoInsidenId" BIGINT,
  "statusRawatId" BIGINT,
  "alatOksigenId" BIGINT,
  "penyintasId" BIGINT,
  "tanggalOnsetGejala" DATE,
  "kelompokGejalaId" BIGINT,
  "demamId" BIGINT,
  "batukId" BIGINT,
  "pilekId" BIGINT,
  "sakitTenggorokanId" BIGINT,
  "sesakNapasId" BIGINT,
  "lemasId" BIGINT,
  "nyeriOtotId" BIGINT,
  "mualMuntahId" BIGINT,
  "diareId" BIGINT,
  "anosmiaId" BIGINT,
  "napasCepatId" BIGINT,
  "frekNapas30KaliPerMenitId" BIGINT,
  "distresPernapasanBeratId" BIGINT,
  "lainnyaId" BIGINT,
  "kelompokUmurId" BIGINT,
  "kelompokWargaId" BIGINT,
  "severityLevelId" BIGINT,
  "saturasiOksigen" TEXT,
  "terapiOksigenId" BIGINT,
  dirawat BYTEA,
  "tanggalKeluar" DATE,
  "statusKeluarId" BIGINT,
  "penyebabKematianId" BIGINT,
  "penyebabKematianLangsungId" TEXT,
  "statusPasienSaatMeninggalId" BIGINT,
  "komorbidCoInsidenId" BIGINT,
  recognised TEXT,
  persons TEXT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, "laporanCovid19Versi3Id")
);

CREATE INDEX "pasien_covid_noRM" ON pasien_covid (kode_rs, "noRM_index");

CREATE UNIQUE INDEX pasien_covid_recognised ON pasien_covid (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pasien_diagnosa (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT,
  "diagnosaId" TEXT,
  "diagnosaLevelId" BIGINT,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX pasien_diagnosa_parent ON pasien_diagnosa (kode_rs, "laporanCovid19Versi3Id");

CREATE INDEX pasien_diagnosa_recognised ON pasien_diagnosa (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pasien_komorbid (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT,
  "komorbidId" TEXT,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX pasien_komorbid_parent ON pasien_komorbid (kode_rs, "laporanCovid19Versi3Id");

CREATE INDEX pasien_komorbid_recognised ON pasien_komorbid (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pasien_pemeriksaanlab (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT,
  "jenisPemeriksaanLabId" BIGINT,
  "hasilPemeriksaanLabId" BIGINT,
  "tanggalHasilPemeriksaanLab" DATE,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX pasien_pemeriksaanlab_parent ON pasien_pemeriksaanlab (kode_rs, "laporanCovid19Versi3Id");

CREATE INDEX pasien_pemeriksaanlab_recognised ON pasien_pemeriksaanlab (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pasien_terapi (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT,
  "terapiId" BIGINT,
  "jumlahTerapi" DOUBLE PRECISION,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX pasien_terapi_parent ON pasien_terapi (kode_rs, "laporanCovid19Versi3Id");

CREATE INDEX pasien_terapi_recognised ON pasien_terapi (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pasien_vaksinasi (
  kode_rs TEXT NOT NULL,
  id BIGINT NOT NULL,
  "laporanCovid19Versi3Id" BIGINT,
  "dosisVaksinId" BIGINT,
  "jenisVaksinId" BIGINT,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id)
);

CREATE INDEX pasien_vaksinasi_parent ON pasien_vaksinasi (kode_rs, "laporanCovid19Versi3Id");

CREATE INDEX pasien_vaksinasi_recognised ON pasien_vaksinasi (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE pcr_nakes (
  kode_rs TEXT NOT NULL,
  tanggal DATE NOT NULL,
  jumlah_tenaga_dokter_umum BIGINT,
  sudah_periksa_dokter_umum BIGINT,
  hasil_pcr_dokter_umum BIGINT,
  jumlah_tenaga_dokter_spesialis BIGINT,
  sudah_periksa_dokter_spesialis BIGINT,
  hasil_pcr_dokter_spesialis BIGINT,
  jumlah_tenaga_dokter_gigi BIGINT,
  sudah_periksa_dokter_gigi BIGINT,
  hasil_pcr_dokter_gigi BIGINT,
  jumlah_tenaga_residen BIGINT,
  sudah_periksa_residen BIGINT,
  hasil_pcr_residen BIGINT,
  jumlah_tenaga_perawat BIGINT,
  sudah_periksa_perawat BIGINT,
  hasil_pcr_perawat BIGINT,
  jumlah_tenaga_bidan BIGINT,
  sudah_periksa_bidan BIGINT,
  hasil_pcr_bidan BIGINT,
  jumlah_tenaga_apoteker BIGINT,
  sudah_periksa_apoteker BIGINT,
  hasil_pcr_apoteker BIGINT,
  jumlah_tenaga_radiografer BIGINT,
  sudah_periksa_radiografer BIGINT,
  hasil_pcr_radiografer BIGINT,
  jumlah_tenaga_analis_lab BIGINT,
  sudah_periksa_analis_lab BIGINT,
  hasil_pcr_analis_lab BIGINT,
  jumlah_tenaga_co_ass BIGINT,
  sudah_periksa_co_ass BIGINT,
  hasil_pcr_co_ass BIGINT,
  jumlah_tenaga_internship BIGINT,
  sudah_periksa_internship BIGINT,
  hasil_pcr_internship BIGINT,
  jumlah_tenaga_nakes_lainnya BIGINT,
  sudah_periksa_nakes_lainnya BIGINT,
  hasil_pcr_nakes_lainnya BIGINT,
  rekap_jumlah_tenaga BIGINT,
  rekap_jumlah_sudah_diperiksa BIGINT,
  rekap_jumlah_hasil_pcr BIGINT,
  tgllapor BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, tanggal)
);

CREATE TABLE quiet (
  kode_rs TEXT NOT NULL,
  number BIGINT NOT NULL,
  sort TEXT NOT NULL,
  kinds TEXT NOT NULL,
  first DATE NOT NULL,
  last DATE NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (kode_rs, number)
);

CREATE TABLE quiet_region (
  number BIGINT NOT NULL,
  region TEXT NOT NULL,
  sort TEXT NOT NULL,
  kinds TEXT NOT NULL,
  first DATE NOT NULL,
  last DATE NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (number)
);

CREATE TABLE rollup (
  kode_rs TEXT NOT NULL,
  section TEXT NOT NULL,
  month DATE NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kode_rs, section, month)
);

CREATE TABLE rollup_mark (
  kode_rs TEXT NOT NULL,
  seq BIGINT NOT NULL,
  day DATE NOT NULL,
  zona TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (kode_rs)
);

CREATE TABLE sdm (
  kode_rs TEXT NOT NULL,
  id_kebutuhan TEXT NOT NULL,
  jumlah_eksisting BIGINT,
  jumlah BIGINT,
  jumlah_diterima BIGINT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id_kebutuhan)
);

CREATE TABLE shk (
  kode_rs TEXT NOT NULL,
  id_shk BIGINT NOT NULL,
  koders TEXT,
  nik_ibu BYTEA,
  nama_ibu BYTEA,
  nik_anak BYTEA,
  nama_anak BYTEA,
  tgllahir DATE,
  gender TEXT,
  umur BIGINT,
  alamat BYTEA,
  provinsi TEXT,
  kabkota TEXT,
  kecamatan TEXT,
  tgl_ambil_sampel DATE,
  tgl_kirim_sampel DATE,
  tgl_lapor DATE,
  kode_perujuk TEXT,
  nama_fayankes_perujuk TEXT,
  jenis_fasyankes TEXT,
  recognised TEXT,
  persons TEXT,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id_shk)
);

CREATE INDEX shk_recognised ON shk (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE shk_action (
  kode_rs TEXT NOT NULL,
  number BIGINT NOT NULL,
  id_shk BIGINT NOT NULL,
  kind TEXT NOT NULL,
  day DATE NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (kode_rs, number)
);

CREATE INDEX shk_action_sample ON shk_action (kode_rs, id_shk);

CREATE TABLE shk_hasil (
  kode_rs TEXT NOT NULL,
  id_hasil BIGINT NOT NULL,
  id_shk BIGINT,
  jenis_pemeriksaan TEXT,
  hasil_pemeriksaan TEXT,
  tgl_periksa DATE,
  tgl_hasil DATE,
  layak_sampel TEXT,
  id_layak TEXT,
  tgl_terima DATE,
  tgllapor BIGINT,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id_hasil)
);

CREATE INDEX shk_hasil_parent ON shk_hasil (kode_rs, id_shk);

CREATE INDEX shk_hasil_recognised ON shk_hasil (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE shk_merge (
  kode_rs TEXT NOT NULL,
  first BIGINT NOT NULL,
  second BIGINT NOT NULL,
  same BOOLEAN NOT NULL,
  at BIGINT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (kode_rs, first, second)
);

CREATE TABLE signing_key (
  kode_rs TEXT NOT NULL,
  number BIGINT NOT NULL,
  secret BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  valid_until BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (kode_rs, number)
);

CREATE TABLE tally (
  kode_rs TEXT NOT NULL,
  day DATE NOT NULL,
  what TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (kode_rs, day, what)
);

CREATE TABLE tempat_tidur (
  kode_rs TEXT NOT NULL,
  id_t_tt BIGINT NOT NULL,
  id_tt TEXT,
  ruang TEXT,
  jumlah_ruang BIGINT,
  jumlah BIGINT,
  terpakai BIGINT,
  terpakai_suspek BIGINT,
  terpakai_konfirmasi BIGINT,
  antrian BIGINT,
  prepare BIGINT,
  prepare_plan BIGINT,
  covid BIGINT,
  terpakai_dbd BIGINT,
  terpakai_dbd_anak BIGINT,
  jumlah_dbd BIGINT,
  recognised TEXT NOT NULL,
  version BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  claimed_at BIGINT,
  warnings TEXT,
  PRIMARY KEY (kode_rs, id_t_tt)
);

CREATE UNIQUE INDEX tempat_tidur_recognised ON tempat_tidur (kode_rs, recognised) WHERE deleted_at IS NULL;

CREATE TABLE used_nonce (
  kode_rs TEXT NOT NULL,
  nonce TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (kode_rs, nonce)
);

CREATE TABLE web_session (
  token_hash TEXT NOT NULL,
  user_name TEXT NOT NULL,
  user_version BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  fresh_at BIGINT NOT NULL,
  second BOOLEAN NOT NULL,
  PRIMARY KEY (token_hash)
);

CREATE INDEX web_session_user ON web_session (user_name);

CREATE TABLE web_user (
  user_name TEXT NOT NULL,
  nama BYTEA NOT NULL,
  role TEXT NOT NULL,
  kode_rs TEXT,
  region TEXT,
  hash TEXT,
  aktif BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  totp BYTEA,
  totp_step BIGINT NOT NULL,
  code_hash TEXT,
  code_until BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_name)
);

