// Drafts: what is typed into a form is kept on the server every ten seconds and when the page is hidden, so that a
// lost connection, an ended session, a killed tab or a restarted server lose ten seconds of typing at most.
// Only the daily forms (figures, no persons) are kept in the browser too.
"use strict";

const Konsep = (() => {
  const EVERY = 10_000;
  const SOON = 700;
  const english = document.documentElement.lang === "en";
  const t = (id, en) => (english ? en : id);
  const begun = new Map();

  /** The time on the hospital's wall clock. */
  function clock(at) {
    const zone = document.body.dataset.zona;
    return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(zone ? { timeZone: zone } : {}) });
  }

  /** Say beside the button of a form how it stands; `link` is an address and its words, opened beside this page. */
  function say(form, text, link) {
    const place = form.querySelector("[data-keadaan]");
    if (!place) return;
    const whole = link ? `${text} ${link[1]}` : text;
    if (place.textContent === whole) return;
    place.textContent = link ? `${text} ` : text;
    if (link) {
      const anchor = document.createElement("a");
      [anchor.href, anchor.textContent, anchor.target] = [link[0], link[1], "_blank"];
      place.append(anchor);
    }
  }

  const loginLink = () => ["/masuk?lanjut=/beranda", t("Masuk kembali", "Log in again")];

  /** Begin to keep a form. `owner` is whose it is; `here` says that this browser may keep it too. */
  function start(form, name, owner, here) {
    const csrf = document.body.dataset.csrf || null;
    const draft = { form, name, owner, here, csrf, dirty: false, stopped: false, how: "", saving: null, local: false, timer: 0 };
    begun.set(form, draft);
    form.addEventListener("input", () => typed(draft));
    window.setInterval(() => save(draft), EVERY);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") save(draft, true);
      else if (draft.how === "session" || draft.how === "offline") save(draft);
    });
    window.addEventListener("online", () => save(draft));
    window.addEventListener("pagehide", () => save(draft, true));
    window.addEventListener("beforeunload", (event) => {
      // Nothing else has it: whoever leaves now should know.
      const lost = draft.dirty && !draft.stopped && ["offline", "session", "other"].includes(draft.how);
      if (lost && !here) event.preventDefault();
    });
    if (!Antrean.isDaily(name)) form.addEventListener("submit", (event) => sendAfterKeeping(draft, event), true);
    return draft;
  }

  function typed(draft) {
    draft.dirty = true;
    if (!draft.here) return;
    window.clearTimeout(draft.timer);
    draft.timer = window.setTimeout(() => keepHere(draft), SOON);
  }

  const contents = (draft) => ({ ...Antrean.valuesOf(draft.form), versi: draft.form.elements.versi?.value || "0" });

  async function keepHere(draft) {
    if (draft.stopped || !draft.dirty) return;
    const { versi, ...values } = contents(draft);
    draft.local = true;
    await Antrean.keepDraft(draft.owner, draft.name, { values, version: Number(versi) });
  }

  /** Keep what was typed on the server. Gives how it stands: saved, offline, session, other or refused. */
  function save(draft, leaving = false) {
    if (draft.saving && !leaving) return draft.saving;
    if (!draft.dirty || draft.stopped) return Promise.resolve(draft.how || "saved");
    draft.saving = keep(draft, leaving).finally(() => { draft.saving = null; });
    return draft.saving;
  }

  async function keep(draft, leaving) {
    draft.dirty = false;
    const said = JSON.stringify(contents(draft));
    let answer = await put(draft, said, leaving);
    if ([401, 403].includes(answer.status) && !leaving) {
      // Logged in again in another tab: the forms of that session have another token.
      const me = await Antrean.session();
      if (me.state === "in" && me.owner === draft.owner) {
        useToken(draft, me.csrf);
        answer = await put(draft, said, leaving);
      } else if (me.state === "in") answer = { status: 0, other: true };
    }
    draft.how = outcome(answer);
    if (draft.how !== "saved") draft.dirty = true;
    if (draft.how === "saved" && !draft.dirty && draft.local) {
      window.clearTimeout(draft.timer);
      draft.local = false;
      await Antrean.dropDraft(draft.owner, draft.name);
    }
    if (draft.how !== "saved" && draft.here) await keepHere(draft);
    if (!draft.stopped) tell(draft, answer);
    return draft.how;
  }

  async function put(draft, said, leaving) {
    if (navigator.onLine === false) return { status: 0 };
    if (!draft.csrf) {
      const me = await Antrean.session();
      if (me.state !== "in") return { status: me.state === "session" ? 401 : 0 };
      if (me.owner !== draft.owner) return { status: 0, other: true };
      useToken(draft, me.csrf);
    }
    // What a page sends while it goes away may have 64 KiB.
    const keepalive = leaving && said.length < 60_000;
    return Antrean.ask(`/konsep/${draft.name}`, {
      method: "PUT", keepalive, body: said,
      headers: { "X-CSRF": draft.csrf, "Content-Type": "application/json" },
    });
  }

  function useToken(draft, csrf) {
    draft.csrf = csrf;
    if (document.body.dataset.csrf) document.body.dataset.csrf = csrf;
    for (const field of document.querySelectorAll("input[type=hidden][name=csrf]")) field.value = csrf;
  }

  function outcome({ status, elsewhere, said, other }) {
    if (other) return "other";
    if (status === 200 && said && said.status === true) return "saved";
    if (elsewhere || status === 401) return "session";
    return [400, 403, 404, 413, 422].includes(status) && said ? "refused" : "offline";
  }

  function tell(draft, answer) {
    const here = draft.here ? t(" (disimpan di peramban ini)", " (kept in this browser)") : "";
    if (draft.how === "saved") {
      say(draft.form, t(`konsep tersimpan ${answer.said.clock}`, `draft kept ${answer.said.clock}`));
      const away = document.querySelector(`[data-buang-konsep="${CSS.escape(draft.name)}"]`);
      if (away) away.hidden = false;
    } else if (draft.how === "session") {
      say(draft.form, t("sesi berakhir: masuk kembali, isian tetap ada.", "the session has ended: log in again, what you typed stays."), loginLink());
    } else if (draft.how === "other") {
      say(draft.form, t("belum tersimpan: sekarang orang lain yang masuk.", "not kept: somebody else is logged in now."));
    } else if (draft.how === "refused") {
      say(draft.form, t("konsep belum tersimpan: ", "draft not kept: ") + answer.said.message);
    } else {
      say(draft.form, t("belum tersimpan: tidak ada sambungan", "not kept: no connection") + here);
    }
  }

  /** A form that is sent while nobody would take it would lose what is in it: it is kept first, and then sent. */
  async function sendAfterKeeping(draft, event) {
    if (draft.passing) return;
    if (!draft.dirty && draft.how !== "session" && draft.how !== "offline") { stop(draft.form); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    draft.dirty = true;
    const how = await save(draft);
    if (how === "offline" || how === "session" || how === "other") {
      draft.form.querySelector("[data-keadaan] a")?.focus();
      return;
    }
    stop(draft.form);
    draft.passing = true;
    draft.form.requestSubmit(event.submitter);
  }

  /** Keep no more: the form is being sent, or its draft thrown away. Ends when nothing is on its way any more. */
  async function stop(form) {
    const draft = begun.get(form);
    if (!draft) return;
    draft.stopped = true;
    window.clearTimeout(draft.timer);
    // What hangs on a bad connection is not waited for.
    if (draft.saving) await Promise.race([draft.saving, new Promise((go) => window.setTimeout(go, 2000))]);
  }

  /** Go on keeping. `dirty` says whether what stands in the form is kept nowhere yet. */
  function goOn(form, dirty) {
    const draft = begun.get(form);
    if (draft) [draft.stopped, draft.dirty] = [false, dirty];
  }

  for (const away of document.querySelectorAll("[data-buang-konsep]")) {
    away.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      for (const form of begun.keys()) await stop(form);
      const [owner, name] = [document.body.dataset.pemilik, away.dataset.buangKonsep];
      if ([...begun.values()].some((draft) => draft.here)) {
        await Antrean.dropDraft(owner, name);
        for (const item of await Antrean.items(owner)) {
          if (item.form === name && ["refused", "changed"].includes(item.state)) await Antrean.remove(item.once);
        }
      }
      away.submit();
    }, true);
  }

  for (const form of document.querySelectorAll("form[data-konsep]")) {
    // The daily forms begin in luring.js, once what this browser knows stands in them.
    if (!Antrean.isDaily(form.dataset.konsep)) start(form, form.dataset.konsep, document.body.dataset.pemilik || null, false);
  }

  return { start, stop, goOn, say, clock, t, loginLink };
})();
