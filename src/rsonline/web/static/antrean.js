// What this browser keeps, and how it is sent: figures of the daily forms, never a person, never a password or token.
//
// Four stores. `who`: the hospital and owner that were last logged in here. `seen`: the values and version of each
// daily form when it was last shown. `drafts`: what was typed and not yet kept by the server. `queue`: what was sent
// by its person and not yet accepted by the server. Owner is what the service calls them: no name of anybody.
"use strict";

const Antrean = (() => {
  const DAILY = ["oksigen", "nakes_terinfeksi", "pcr_nakes"];
  const DAY = 86_400_000;
  const PATIENCE = 30_000;
  const HIDDEN = ["csrf", "kirim", "versi"];
  const listeners = [];
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("rsonline") : null;
  if (channel) channel.onmessage = () => listeners.forEach((listener) => listener());
  let opened = null;

  function changed() {
    if (channel) channel.postMessage("queue");
    listeners.forEach((listener) => listener());
  }

  function database() {
    opened ??= new Promise((resolve, reject) => {
      const asking = indexedDB.open("rsonline", 1);
      asking.onupgradeneeded = () => {
        asking.result.createObjectStore("who");
        asking.result.createObjectStore("seen");
        asking.result.createObjectStore("drafts");
        asking.result.createObjectStore("queue", { keyPath: "once" });
      };
      asking.onsuccess = () => {
        asking.result.onversionchange = () => { asking.result.close(); opened = null; };
        resolve(asking.result);
      };
      asking.onerror = () => { opened = null; reject(asking.error); };
    });
    return opened;
  }

  /** One transaction on one store; `work` gives a request whose result is wanted, or nothing. Durable when it ends. */
  async function on(store, mode, work) {
    const known = await database();
    return new Promise((resolve, reject) => {
      const transaction = known.transaction(store, mode, { durability: "strict" });
      const asked = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asked ? asked.result : undefined);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  /** Whether this browser keeps anything at all; some do not in a private window. */
  const usable = () => who().then(() => true, () => false);

  const key = (owner, form) => `${owner} ${form}`;
  const isDaily = (form) => DAILY.includes((form || "").split("/")[0]) && /^[a-z_]+\/\d{4}-\d\d-\d\d$/.test(form);

  // ---- who was here, what was seen, what was typed

  const who = () => on("who", "readonly", (store) => store.get("last"));
  const remember = (known) => on("who", "readwrite", (store) => { store.put(known, "last"); });

  /** After a logout nobody is known here. What was not sent stays, for its owner. */
  async function forget() {
    await on("who", "readwrite", (store) => { store.clear(); });
    await on("seen", "readwrite", (store) => { store.clear(); });
  }

  const seen = (owner, form) => on("seen", "readonly", (store) => store.get(key(owner, form)));

  /** Keep what a form showed; forget what was seen two weeks ago. */
  function see(owner, form, shown) {
    return on("seen", "readwrite", (store) => {
      store.put({ ...shown, at: Date.now() }, key(owner, form));
      store.openCursor().onsuccess = (event) => {
        const cursor = event.target.result;
        if (!cursor) return;
        if (cursor.value.at < Date.now() - 14 * DAY) cursor.delete();
        cursor.continue();
      };
    });
  }

  const draft = (owner, form) => on("drafts", "readonly", (store) => store.get(key(owner, form)));
  const dropDraft = (owner, form) => on("drafts", "readwrite", (store) => { store.delete(key(owner, form)); });
  const drafts = async (owner) =>
    (await on("drafts", "readonly", (store) => store.getAllKeys())).filter((each) => each.startsWith(`${owner} `));

  /** Keep what was typed into a daily form. Raises TypeError for any other form: those may name persons. */
  function keepDraft(owner, form, typed) {
    if (!isDaily(form)) throw new TypeError("only daily forms are kept in a browser");
    return on("drafts", "readwrite", (store) => { store.put({ ...typed, at: Date.now() }, key(owner, form)); });
  }

  // ---- the queue

  const all = () => on("queue", "readonly", (store) => store.getAll());
  const put = (item) => on("queue", "readwrite", (store) => { store.put(item); });

  /** What one owner has here, oldest first; accepted ones for two days. */
  async function items(owner) {
    const found = (await all()).filter((item) => item.owner === owner);
    const old = found.filter((item) => item.state === "accepted" && item.at < Date.now() - 2 * DAY);
    for (const item of old) await on("queue", "readwrite", (store) => { store.delete(item.once); });
    return found.filter((item) => !old.includes(item)).sort((a, b) => a.made - b.made);
  }

  /** How many reports of others wait here: more is not told. */
  const others = async (owner) =>
    (await all()).filter((item) => item.owner !== owner && item.state !== "accepted").length;

  async function remove(once) {
    await on("queue", "readwrite", (store) => { store.delete(once); });
    changed();
  }

  /**
   * Put a report into the queue, instead of the same form's that cannot have arrived. One that was tried and never
   * answered stays before it: it may have arrived, and only the server can tell.
   */
  async function add(item) {
    if (!isDaily(item.form)) throw new TypeError("only daily forms are kept in a browser");
    const made = { ...item, state: "waiting", tried: false, made: Date.now(), at: Date.now() };
    await on("queue", "readwrite", (store) => {
      store.getAll().onsuccess = (event) => {
        for (const other of event.target.result) {
          if (other.owner !== item.owner || other.form !== item.form) continue;
          if (other.state !== "waiting" || !other.tried) store.delete(other.once);
        }
        store.put(made);
      };
    });
    changed();
    return made;
  }

  // ---- sending

  async function ask(address, options) {
    const stop = new AbortController();
    const timer = window.setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch(address, {
        redirect: "manual", cache: "no-store", signal: stop.signal, ...options,
        headers: { Accept: "application/json", ...options.headers },
      });
      const ours = (answer.headers.get("content-type") || "").startsWith("application/json");
      return { status: answer.status, elsewhere: answer.type === "opaqueredirect", said: ours ? await answer.json() : null };
    } catch {
      // No answer, half an answer or none of ours: for whoever asked, there is no connection.
      return { status: 0, elsewhere: false, said: null };
    } finally {
      window.clearTimeout(timer);
    }
  }

  /** Who is logged in now: state `in` with csrf, owner and hospital; `session` for nobody; `offline` for no answer. */
  async function session() {
    const { status, elsewhere, said } = await ask("/sesi", {});
    if (elsewhere || status === 401) return { state: "session" };
    if (status !== 200 || !said || typeof said.csrf !== "string") return { state: "offline" };
    return { state: "in", ...said };
  }

  /**
   * Send what waits, of whoever is logged in, in the order in which it was made; one tab at a time.
   * Gives `sent`, `empty`, `offline`, `session` (log in first) or `other` (only reports of others wait).
   */
  async function send() {
    if (!(await all()).some((item) => item.state === "waiting")) return "empty";
    const work = async () => {
      if (navigator.onLine === false) return "offline";
      const me = await session();
      if (me.state !== "in") return me.state;
      const mine = (await items(me.owner)).filter((i) => i.state === "waiting" && i.hospital === me.hospital);
      if (!me.owner || mine.length === 0) return "other";
      for (const { once } of mine) {
        // As it is now: another tab may have thrown it away, or the one before it may have given it a version.
        const item = (await items(me.owner)).find((each) => each.once === once);
        const how = item && item.state === "waiting" ? await deliver(item, me.csrf) : "done";
        if (how !== "done") return how;
      }
      return "sent";
    };
    return navigator.locks ? navigator.locks.request("rsonline-antrean", work) : work();
  }

  async function deliver(item, csrf) {
    await put({ ...item, tried: true });
    const body = new URLSearchParams({ ...item.values, kirim: item.once, versi: String(item.version) });
    const options = { method: "POST", headers: { "X-CSRF": csrf }, body };
    const { status, elsewhere, said } = await ask(`/harian/${item.form}`, options);
    if (elsewhere || status === 401) return "session";
    if (!said) return "offline";
    if (status === 200 && said.status === true && Number.isInteger(said.seq)) {
      await put({ ...item, state: "accepted", tried: true, seq: said.seq, version: said.version ?? item.version, at: Date.now() });
      // What its person typed after it saw this one: it goes on from the record that this one made.
      for (const later of await items(item.owner)) {
        const follows = later.state === "waiting" && later.form === item.form && later.version === item.version;
        if (follows && Number.isInteger(said.version)) await put({ ...later, version: said.version });
      }
    } else if (status === 409) {
      const now = { stored: said.stored || {}, version: said.version || 0 };
      await put({ ...item, state: "changed", message: said.message, ...now, at: Date.now() });
    } else if (status === 403 && (await session()).csrf !== csrf) {
      return "session";
    } else if ([400, 403, 404, 405, 413, 422].includes(status)) {
      await put({ ...item, state: "refused", message: said.message, problems: said.problems || {}, at: Date.now() });
    } else {
      return "offline";
    }
    changed();
    return "done";
  }

  // ---- forms

  /** What a form says, without what belongs to one showing of it. */
  const valuesOf = (form) =>
    Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && !HIDDEN.includes(name)));

  const number = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  return {
    isDaily, usable, who, remember, forget, seen, see, draft, drafts, keepDraft, dropDraft, items, others, add, remove, send,
    session, ask, valuesOf, number, onChange: (listener) => listeners.push(listener),
  };
})();
