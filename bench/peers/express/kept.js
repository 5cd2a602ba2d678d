// The same patient API with what the patient API's contract promises about persons: each personal member sealed by
// AES-256-GCM, look-ups by an HMAC, one report in care for a person by a unique key, and a journal line for each write
// and each read, the write's in its transaction. With `everything` the journal is chained by hash for each hospital,
// each write is answered with a signed receipt, and each request leaves a line in the log.
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
const LINE = 'INSERT INTO jurnal (kode_rs, akun, tindakan, objek, objek_id, isi, seq, hash)' +
  ' VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
const FIRST = 'INSERT IGNORE INTO jurnal_ujung (kode_rs, seq, hash) VALUES (?, 0, ?)';
const END = 'SELECT seq, hash FROM jurnal_ujung WHERE kode_rs = ? FOR UPDATE';
const NEXT = 'UPDATE jurnal_ujung SET seq = ?, hash = ? WHERE kode_rs = ?';
const SIGNING = crypto.generateKeyPairSync('ed25519').privateKey;

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

// A journal line behind the last one of its hospital, inside a transaction.
async function chained(connection, values) {
  const [[end]] = await connection.execute(END, [values[0]]);
  const seq = Number(end.seq) + 1;
  const hash = crypto.createHash('sha256').update(end.hash).update(JSON.stringify([seq, ...values])).digest();
  await connection.execute(LINE, [...values, seq, hash]);
  await connection.execute(NEXT, [seq, hash, values[0]]);
}

function receipt(hospital, raw) {
  const digest = crypto.createHash('sha256').update(raw).digest('hex');
  const said = `v=1; id=${crypto.randomBytes(16).toString('hex')}; rs=${hospital}; digest=sha-256:${digest};` +
    ` time=${new Date().toISOString()}; key=1`;
  return `${said}; sig=${crypto.sign(null, Buffer.from(said), SIGNING).toString('base64url')}`;
}

function logged(request, response, begun) {
  process.stdout.write(JSON.stringify({ event: 'request', hospital: request.hospital, address: request.ip,
    method: request.method, report: 'laporancovid19versi3', status: response.statusCode,
    ms: Math.round((performance.now() - begun) * 10) / 10, timestamp: new Date().toISOString() }) + '\n');
}

function handlers(pool, everything) {
  const started = new Set();

  async function note(connection, values) {
    if (!everything) return connection.execute(LINE, [...values, null, null]);
    return chained(connection, values);
  }

  // A line for itself: of a read.
  async function noted(values) {
    if (!everything) return pool.execute(LINE, [...values, null, null]);
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await chained(connection, values);
      return await connection.commit();
    } catch (failed) {
      await connection.rollback();
      throw failed;
    } finally {
      connection.release();
    }
  }

  async function begin(request, response) {
    const begun = performance.now();
    if (!everything) return;
    response.on('finish', () => logged(request, response, begun));
    if (!started.has(request.hospital)) {
      await pool.execute(FIRST, [request.hospital, Buffer.alloc(32)]);
      started.add(request.hospital);
    }
  }

  async function admit(request, response) {
    await begin(request, response);
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
      await note(connection, [hospital, hospital, 'tambah', 'pasien_covid', made.insertId, isi]);
      await connection.commit();
      if (everything) response.set('X-RSOnline-Receipt', receipt(hospital, request.raw));
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
    await begin(request, response);
    const hospital = request.hospital;
    const [[row]] = await pool.execute(ONE, [hospital, request.params.id]);
    if (!row) return response.json({ status: true, message: 'data not found', data: null });
    await noted([hospital, hospital, 'baca', 'pasien_covid', row.id, '']);
    return response.json(shown(row, (name) => opened(hospital, row.row_name, name, row[name])));
  }

  return { admit, show };
}

module.exports = { handlers };
