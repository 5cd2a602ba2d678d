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
