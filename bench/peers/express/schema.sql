-- What the peer keeps: hospitals with an MD5 of the password, as old services do, and the task times.
CREATE TABLE rumah_sakit (
  kode_rs VARCHAR(16) NOT NULL PRIMARY KEY,
  nama VARCHAR(200) NOT NULL,
  password CHAR(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE antrian_task (
  kode_rs VARCHAR(16) NOT NULL,
  kodebooking VARCHAR(100) NOT NULL,
  taskid TINYINT UNSIGNED NOT NULL,
  waktu BIGINT NOT NULL,
  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (kode_rs, kodebooking, taskid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE pasien (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kode_rs VARCHAR(16) NOT NULL,
  tanggalKeluar VARCHAR(10) NOT NULL DEFAULT '0000-00-00',
  kewarganegaraanId VARCHAR(5),
  nik VARCHAR(40),
  noPassport VARCHAR(40) NULL,
  asalPasienId INT,
  noRM VARCHAR(50),
  namaLengkapPasien VARCHAR(150),
  namaInisialPasien VARCHAR(30),
  tanggalLahir DATE,
  email VARCHAR(150) NULL,
  noTelp VARCHAR(40),
  jenisKelaminId CHAR(1),
  domisiliKecamatanId INT,
  domisiliKabKotaId INT,
  domisiliProvinsiId INT,
  pekerjaanId INT,
  tanggalMasuk DATE,
  jenisPasienId INT,
  varianCovidId INT,
  statusPasienId INT,
  statusCoInsidenId INT,
  statusRawatId INT,
  alatOksigenId INT NULL,
  penyintasId INT,
  tanggalOnsetGejala DATE,
  kelompokGejalaId INT,
  demamId TINYINT,
  batukId TINYINT,
  pilekId TINYINT,
  sakitTenggorokanId TINYINT,
  sesakNapasId TINYINT,
  lemasId TINYINT,
  nyeriOtotId TINYINT,
  mualMuntahId TINYINT,
  diareId TINYINT,
  anosmiaId TINYINT,
  napasCepatId TINYINT,
  frekNapas30KaliPerMenitId TINYINT,
  distresPernapasanBeratId TINYINT,
  lainnyaId TINYINT,
  KEY dirawat (kode_rs, nik)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
