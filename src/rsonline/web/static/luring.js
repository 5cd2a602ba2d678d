// Entry of the daily forms without a connection: what is sent waits in this browser until the server has accepted it.
// Without scripts, or where a browser keeps nothing, each form is sent as ever.
"use strict";

(async () => {
  const { t, say, clock, loginLink } = Konsep;
  const body = document.body;
  const shell = document.querySelector("[data-luring]");
  const form = document.querySelector("form.entri[data-laporan]");
  const english = document.documentElement.lang === "en";

  // Whoever types before this browser has looked into its stores is not overwritten by what it finds there.
  let typedEarly = false;
  let filling = false;
  const notice = () => { typedEarly ||= !filling; };
  const initial = form ? Antrean.valuesOf(form) : {};
  form?.addEventListener("input", notice);

  /** An element with a text, a class and what is in it. */
  function make(name, text = "", look = "", ...inside) {
    const made = document.createElement(name);
    made.textContent = text;
    if (look) made.className = look;
    made.append(...inside);
    return made;
  }

  function dayText(day) {
    return new Date(`${day}T00:00:00Z`).toLocaleDateString(english ? "en" : "id", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  }

  const localDay = (zone, ago) => new Date(Date.now() - ago * 86_400_000).toLocaleDateString("en-CA", { timeZone: zone });
  /** The time on the hospital's wall clock, and its day where that is not today. */
  function moment(at) {
    const zone = body.dataset.zona || "Asia/Jakarta";
    const day = new Date(at).toLocaleDateString("en-CA", { timeZone: zone });
    return day === localDay(zone, 0) ? clock(at) : `${dayText(day)} ${clock(at)}`;
  }

  if (!(await Antrean.usable())) {
    if (form?.dataset.konsep) Konsep.start(form, form.dataset.konsep, body.dataset.pemilik || null, false);
    return;
  }

  // ---- whose browser this is

  let known = body.dataset.pemilik ? { owner: body.dataset.pemilik, hospital: body.dataset.rs, zone: body.dataset.zona } : null;
  if (known) {
    await Antrean.remember(known);
    if ("serviceWorker" in navigator) {
      navigator.serviceWorker.register("/sw.js", { scope: "/" }).then(
        () => navigator.serviceWorker.ready.then((ready) => ready.active.postMessage({ language: document.documentElement.lang })),
        (error) => console.warn("entry without a connection is not set up:", error.message),
      );
    }
  } else if (shell) {
    known = (await Antrean.who()) || null;
    if (known) body.dataset.zona = known.zone;
  }

  // ---- sending, as soon as there is a connection

  const PAUSES = [4, 8, 15, 30, 60];
  let tries = 0;
  let timer = 0;
  let how = "empty";

  async function send() {
    window.clearTimeout(timer);
    how = await Antrean.send();
    if (how === "offline" || how === "session") {
      const pause = PAUSES[Math.min(tries, PAUSES.length - 1)] * (0.75 + Math.random() / 2);
      tries += 1;
      timer = window.setTimeout(send, pause * 1000);
    } else tries = 0;
    const alone = document.querySelector("[data-tanpa-sambungan]");
    if (alone && how === "sent") alone.hidden = true;
    await show();
    return how;
  }

  function sendNow() {
    tries = 0;
    return known ? send() : show();
  }

  window.addEventListener("online", sendNow);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible" && how !== "empty") sendNow(); });

  // ---- the list of what waits

  const section = document.querySelector("[data-antrean]");
  const titles = {
    oksigen: t("Oksigenasi", "Oxygen"),
    nakes_terinfeksi: t("Harian nakes terinfeksi", "Infected health workers by day"),
    pcr_nakes: t("Pemeriksaan PCR nakes", "PCR tests of health workers"),
  };
  const STATES = {
    waiting: [t("menunggu kirim", "waiting to be sent"), "warning"],
    refused: [t("ditolak", "refused"), "danger"],
    changed: [t("perlu pilihan Anda", "needs your choice"), "danger"],
    accepted: [t("diterima", "accepted"), "success"],
  };

  async function show() {
    const items = known ? await Antrean.items(known.owner) : [];
    if (section) await showList(items);
    if (form && known && form.dataset.konsep) showOnForm(items.filter((item) => item.form === form.dataset.konsep).at(-1));
    const told = document.querySelector("[data-antrean-masuk]");
    if (told) {
      const waiting = await Antrean.others("");
      told.hidden = waiting === 0;
      told.textContent = t(`${waiting} laporan di peramban ini menunggu kirim: masuk untuk mengirim.`, `${waiting} reports in this browser wait to be sent: log in to send them.`);
    }
  }

  let listed = "";

  async function showList(items) {
    const others = known ? await Antrean.others(known.owner) : 0;
    // The same list again would take the keyboard's place in it away.
    const word = JSON.stringify([items, others, how]);
    if (word === listed) return;
    listed = word;
    section.hidden = items.length === 0 && others === 0;
    const words = [];
    if (items.some((item) => item.state === "waiting")) {
      words.push(how === "session"
        ? t("Sesi berakhir: masuk untuk mengirim.", "The session has ended: log in to send.")
        : t("Dikirim sendiri begitu ada sambungan.", "Sent by itself once there is a connection."));
    }
    if (others) words.push(t(`${others} laporan milik pengguna lain menunggu di peramban ini; akun Anda tidak mengirimnya.`, `${others} reports of other users wait in this browser; your account does not send them.`));
    section.querySelector("[data-antrean-kata]").textContent = words.join(" ");
    section.querySelector("[data-antrean-isi]").replaceChildren(...items.map(entry));
  }

  function entry(item) {
    const [report, day] = item.form.split("/");
    const [word, tone] = STATES[item.state];
    const link = make("a", `${titles[report]}, ${dayText(day)}`);
    link.href = `/harian/${item.form}`;
    const line = make("li", "", "", link, " ", make("span", word, `badge bg-${tone}-lt`), " ");
    if (item.state === "accepted") {
      const receipt = make("a", `${t("resi", "receipt")} ${item.hospital}-${item.seq}`);
      receipt.href = `/resi/${item.seq}`;
      line.append(receipt, " ", make("span", moment(item.at), "text-secondary small"), " ", button(t("Sudah dilihat", "Seen"), () => Antrean.remove(item.once)));
      return line;
    }
    line.append(make("span", `${t("dikirim Anda", "sent by you")} ${moment(item.made)}`, "text-secondary small"), " ");
    if (item.state === "waiting") {
      if (how === "session") {
        const login = make("a", t("masuk untuk mengirim", "log in to send"));
        login.href = "/masuk?lanjut=/beranda";
        line.append(login, " ");
      }
    } else {
      const correct = make("a", item.state === "refused" ? t("Perbaiki", "Correct") : t("Bandingkan dan pilih", "Compare and choose"), "btn btn-sm");
      correct.href = link.href;
      const reasons = [item.message, ...Object.values(item.problems || {}).flat()];
      line.append(make("div", "", "peringatan mb-1", ...reasons.map((reason) => make("div", reason))), correct, " ");
    }
    line.append(throwAway(item));
    return line;
  }

  function button(text, act) {
    const made = make("button", text, "btn btn-sm");
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  /** A report is thrown away by two presses: the second button says what is lost. */
  function throwAway(item) {
    const first = button(t("Buang", "Throw away"), () => {
      const sure = button(t("Ya, buang laporan yang belum terkirim ini", "Yes, throw away this report that was not sent"), () => Antrean.remove(item.once));
      sure.classList.add("btn-danger");
      first.replaceWith(sure);
      sure.focus();
    });
    return first;
  }

  // ---- a daily form

  let shown = "";
  let waited = "";
  let sending = false;

  /** Beside the button how it stands with what was sent from here, while it changes. */
  function showOnForm(item) {
    const word = item ? `${item.once} ${item.state} ${how}` : "";
    if (!item || word === shown || sending) return;
    shown = word;
    if (item.state === "waiting") waited = item.once;
    else if (waited !== item.once) return;
    if (item.state === "waiting") {
      if (how === "session") say(form, t("menunggu kirim: sesi berakhir, isian tetap ada.", "waiting to be sent: the session has ended, what you typed stays."), [loginLink()[0], t("Masuk untuk mengirim", "Log in to send")]);
      else if (how === "offline") say(form, t("menunggu kirim: tidak ada sambungan, dikirim sendiri nanti", "waiting to be sent: no connection, sent by itself later"));
      else if (how === "other") say(form, t("menunggu kirim: sekarang orang lain yang masuk", "waiting to be sent: somebody else is logged in now"));
      else say(form, t("menunggu kirim", "waiting to be sent"));
    } else if (item.state === "accepted") {
      form.elements.versi.value = String(item.version);
      say(form, t("Diterima:", "Accepted:"), [`/resi/${item.seq}`, `${t("resi", "receipt")} ${item.hospital}-${item.seq}`]);
    } else {
      say(form, STATES[item.state][0]);
      mark(item);
    }
  }

  function fill(values) {
    filling = true;
    for (const [name, text] of Object.entries(values)) {
      const field = form.elements.namedItem(name);
      if (!(field instanceof HTMLElement) || field.type === "hidden" || field.type === "checkbox") continue;
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = values[box.name] === "1";
    filling = false;
  }

  function unmark() {
    for (const each of form.querySelectorAll("[data-dari-kirim]")) each.remove();
    for (const field of form.querySelectorAll(".is-invalid")) {
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
    }
  }

  function beside(name, element) {
    const field = form.elements.namedItem(name);
    if (!(field instanceof HTMLElement)) return null;
    element.dataset.dariKirim = "";
    const place = document.getElementById(`${field.id}-kata`);
    if (place) place.prepend(element);
    else field.after(element);
    return field;
  }

  /** What the server said of a report, in the form: errors beside their fields, or what is stored now. */
  function mark(item) {
    unmark();
    const words = make("div", item.message);
    const notice = make("div", "", `alert alert-${item.state === "changed" ? "warning" : "danger"}`, words);
    notice.setAttribute("role", "alert");
    notice.dataset.dariKirim = "";
    form.prepend(notice);
    let first = null;
    for (const [name, texts] of Object.entries(item.problems || {})) {
      for (const text of texts) {
        const field = beside(name, make("div", text, "invalid-feedback d-block"));
        if (!field) continue;
        field.classList.add("is-invalid");
        field.setAttribute("aria-invalid", "true");
        first ??= field;
      }
    }
    if (item.state === "changed") {
      const names = new Set([...Object.keys(item.stored), ...Object.keys(item.values).filter((name) => !name.startsWith("tetap-"))]);
      for (const name of names) {
        const theirs = item.stored[name] || "";
        if (theirs === (item.values[name] || "").trim()) continue;
        beside(name, make("div", `${t("Sekarang tersimpan", "Stored now")}: `, "peringatan", make("strong", theirs || "–")));
      }
      const take = button(t("Pakai yang tersimpan", "Take what is stored"), async () => {
        await Konsep.stop(form);
        await Antrean.dropDraft(known.owner, item.form);
        await Antrean.remove(item.once);
        const away = document.querySelector("[data-buang-konsep]");
        if (away && !away.hidden) away.submit();
        else window.location.reload();
      });
      words.append(make("div", "", "mt-2 d-flex flex-wrap gap-2 align-items-center", take, make("span", t("atau kirim isian Anda.", "or send what you typed."))));
      form.elements.versi.value = String(item.version);
    }
    if (!form.contains(document.activeElement)) first?.focus();
  }

  async function setUpForm() {
    if (shell) {
      for (const each of document.querySelectorAll("[data-tanpa-pemilik]")) each.hidden = known !== null;
      const parts = window.location.pathname.split("/");
      const day = /^\d{4}-\d\d-\d\d$/.test(parts[3] || "") ? parts[3] : known && localDay(known.zone, 0);
      if (!known || !day) return;
      form.dataset.konsep = `${form.dataset.laporan}/${day}`;
      document.querySelector("[data-hari]").textContent = dayText(day);
      form.hidden = false;
    }
    if (!known) return;
    const name = form.dataset.konsep;
    const [draft, queued, last] = [await Antrean.draft(known.owner, name), await Antrean.items(known.owner), await Antrean.seen(known.owner, name)];
    const item = queued.filter((each) => each.form === name && each.state !== "accepted").at(-1);
    if (!shell) {
      await Antrean.see(known.owner, name, { values: initial, version: Number(form.elements.versi.value) });
    } else if (last && !typedEarly) {
      fill(last.values);
      form.elements.versi.value = String(last.version);
    }
    if (item && !typedEarly) {
      fill(item.values);
      form.elements.versi.value = String(item.version);
      if (item.state !== "waiting") mark(item);
    }
    if (draft && !typedEarly) {
      fill(draft.values);
      form.elements.versi.value = String(draft.version);
      say(form, t(`melanjutkan konsep di peramban ini, ${moment(draft.at)}`, `going on with the draft in this browser, ${moment(draft.at)}`));
    }
    form.removeEventListener("input", notice);
    Konsep.start(form, name, known.owner, true);
    if (draft || typedEarly) Konsep.goOn(form, true);
    form.addEventListener("submit", submitted, true);
  }

  async function submitted(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (sending) return;
    sending = true;
    try {
      unmark();
      await Konsep.stop(form);
      const once = form.elements.kirim.value || Antrean.number();
      form.elements.kirim.value = "";
      say(form, t("mengirim…", "sending…"));
      await Antrean.add({
        once, owner: known.owner, hospital: known.hospital, form: form.dataset.konsep,
        values: Antrean.valuesOf(form), version: Number(form.elements.versi.value) || 0,
      });
      await Antrean.dropDraft(known.owner, form.dataset.konsep);
      await sendNow();
      const item = (await Antrean.items(known.owner)).find((each) => each.once === once);
      if (item?.state === "accepted") {
        await Antrean.remove(once);
        window.location.assign(`/resi/${item.seq}`);
      } else if (item && item.state !== "waiting") {
        say(form, STATES[item.state][0]);
        mark(item);
        Konsep.goOn(form, true);
      } else Konsep.goOn(form, false);
    } finally {
      sending = false;
    }
    await show();
  }

  // ---- the start page without a connection

  function setUpStart() {
    const place = document.querySelector("[data-hari-luring]");
    for (const each of document.querySelectorAll("[data-tanpa-pemilik]")) each.hidden = known !== null;
    if (!["/luring", "/beranda", "/"].includes(window.location.pathname)) document.querySelector("[data-bukan-halaman]").hidden = false;
    if (!known) return;
    const links = [...place.querySelectorAll("a")];
    place.replaceChildren(...[0, 1].flatMap((ago) => links.map((link) => {
      const day = localDay(known.zone, ago);
      const made = make("a", `${link.textContent}, ${dayText(day)}`);
      made.href = `/harian/${link.dataset.laporan}/${day}`;
      return make("li", "", "", made, ago === 0 ? ` (${t("hari ini", "today")})` : "");
    })));
  }

  // ---- going out

  /** Nothing that was not sent goes unnoticed: it stays here for its owner, and is said before the logout. */
  function setUpLogout() {
    const out = document.querySelector("form[action='/keluar']");
    if (!out || !known) return;
    out.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      const kept = (await Antrean.items(known.owner)).filter((item) => item.state !== "accepted").length;
      const begun = (await Antrean.drafts(known.owner)).length;
      if (kept + begun > 0 && !(await sure(kept, begun))) return;
      await Antrean.forget();
      out.submit();
    }, true);
  }

  function sure(kept, begun) {
    return new Promise((resolve) => {
      const asked = make("dialog", "", "card");
      const heading = make("h2", t("Belum semua terkirim", "Not everything was sent"), "card-title");
      heading.id = "keluar-judul";
      asked.setAttribute("aria-labelledby", heading.id);
      const what = [];
      if (kept) what.push(t(`${kept} laporan belum diterima server.`, `${kept} reports were not accepted by the server yet.`));
      if (begun) what.push(t(`${begun} konsep hanya ada di peramban ini.`, `${begun} drafts are in this browser only.`));
      what.push(t("Semuanya tetap di peramban ini dan dapat dikirim sesudah Anda masuk lagi di sini.", "They stay in this browser and can be sent after you log in here again."));
      const stay = button(t("Batal", "Cancel"), () => asked.close());
      const leave = button(t("Tetap keluar", "Log out all the same"), () => asked.close("keluar"));
      leave.classList.add("btn-warning");
      asked.append(make("div", "", "card-body", heading, make("p", what.join(" ")), make("div", "", "d-flex gap-2", stay, leave)));
      asked.addEventListener("close", () => { resolve(asked.returnValue === "keluar"); asked.remove(); });
      body.append(asked);
      asked.showModal();
    });
  }

  if (form) await setUpForm();
  if (shell?.dataset.luring === "awal") setUpStart();
  setUpLogout();
  Antrean.onChange(() => show());
  await sendNow();
})();
