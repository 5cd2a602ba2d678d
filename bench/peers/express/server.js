// POST Antrian/Task and the patient API as a small Node service does them: Express, joi schemas, one statement a
// request through a mysql2 pool.
// Where to listen and where the database is come from the environment; see README.md.
'use strict';

const crypto = require('node:crypto');
const express = require('express');
const joi = require('joi');
const jwt = require('jsonwebtoken');
const mysql = require('mysql2/promise');
const plain = require('./patients');
const kept = require('./kept');

const UPSERT =
  'INSERT INTO antrian_task (kode_rs, kodebooking, taskid, waktu) VALUES (?, ?, ?, ?)' +
  ' ON DUPLICATE KEY UPDATE waktu = VALUES(waktu)';

const task = joi.object({
  kodebooking: joi.string().trim().max(100).required(),
  taskid: joi.number().integer().valid(1, 2, 3, 4, 5, 6, 7, 99).required(),
  waktu: joi.number().integer().min(946684800000).max(4102444800000).required(),
});
const OPTIONS = { abortEarly: false, stripUnknown: true };
const CLOCK_WINDOW = 24 * 3600;

const pool = mysql.createPool({
  host: process.env.DB_HOST,
  port: Number(process.env.DB_PORT),
  user: process.env.DB_USER,
  password: process.env.DB_PASSWORD,
  database: process.env.DB_NAME,
  connectionLimit: Number(process.env.DB_POOL),
});

function answer(response, status, message) {
  response.status(status).json({ task: [{ status: String(status), message }] });
}

// Verified passwords stay in memory for as long as the process lives: one look-up a hospital, not one a request.
const verified = new Map();

async function right(code, password) {
  const known = verified.get(code);
  if (known !== undefined) return known === password;
  const [rows] = await pool.execute('SELECT password FROM rumah_sakit WHERE kode_rs = ?', [code]);
  const given = crypto.createHash('md5').update(password).digest('hex');
  if (rows.length !== 1 || rows[0].password !== given) return false;
  verified.set(code, password);
  return true;
}

async function admitted(request, response, next) {
  const code = request.get('X-rs-id');
  const password = request.get('X-pass');
  const at = Number(request.get('X-Timestamp'));
  if (!code || !password) return answer(response, 401, 'X-rs-id dan X-pass wajib diisi');
  if (!(Math.abs(Date.now() / 1000 - at) <= CLOCK_WINDOW)) return answer(response, 401, 'Timestamp expired');
  if (!(await right(code, password))) return answer(response, 401, 'Kode atau password salah');
  request.hospital = code;
  return next();
}

async function mark(request, response) {
  const { error, value } = task.validate(request.body ?? {}, OPTIONS);
  if (error) return answer(response, 422, error.details.map((each) => each.message).join('; '));
  await pool.execute(UPSERT, [request.hospital, value.kodebooking, value.taskid, value.waktu]);
  return answer(response, 200, `Data task ${value.taskid} kodebooking ${value.kodebooking} telah disimpan`);
}

// ---- the patient API: a token; the handlers are those of patients.js, or of kept.js where PROMISES says so

const SECRET = crypto.randomBytes(32);

async function login(request, response) {
  const { kode_rs: code, password } = request.body ?? {};
  if (typeof code !== 'string' || typeof password !== 'string' || !(await right(code, password))) {
    return response.status(401).json({ status: false, message: 'Unauthorized' });
  }
  const token = jwt.sign({ kode_rs: code }, SECRET, { algorithm: 'HS256', expiresIn: 600 });
  return response.status(201).json({ status: true, message: 'access token created', data: { access_token: token } });
}

function bearer(request, response, next) {
  try {
    request.hospital = jwt.verify((request.get('Authorization') ?? '').split(' ')[1], SECRET).kode_rs;
  } catch {
    return response.status(403).json({ status: false, message: 'Forbidden' });
  }
  return next();
}

const promises = process.env.PROMISES ?? 'none';
const { admit, show } = (promises === 'none' ? plain : kept).handlers(pool, promises === 'all');
// What is signed in a receipt are the bytes that came.
const whole = (request, response, raw) => { request.raw = raw; };

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/healthz', async (request, response) => {
  await pool.query('SELECT 1');
  response.type('text').send('ready\n');
});
app.post('/fo/index.php/Antrian/Task', admitted, express.json({ limit: '100kb' }), mark);
app.post('/api/rslogin', express.json({ limit: '100kb' }), login);
app.post('/api/laporancovid19versi3', bearer, express.json({ limit: '100kb', verify: whole }), admit);
app.get('/api/laporancovid19versi3/:id', bearer, show);
app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  return answer(response, status, status >= 500 ? 'Terjadi kesalahan' : error.message);
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  pool.end().then(() => process.exit(0));
});
