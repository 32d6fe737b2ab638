// Marks of a meeting on a bad line: what is saved is kept on the device (ids, choices and minutes, no names) until the
// server has answered, and is sent again under the same key. Without this file the form is sent as any other.
(() => {
  "use strict";
  const form = document.querySelector("form[data-keeps-marks]");
  if (!form) return;
  const shelf = `kurslots.marks.${form.dataset.keepsMarks}`;
  const status = document.getElementById("marks-waiting");
  const pause = 15000;
  let sending = false;
  let again = null;

  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(shelf)) || [];
    } catch {
      return [];
    }
  };
  const write = (entries) => {
    if (entries.length) localStorage.setItem(shelf, JSON.stringify(entries));
    else localStorage.removeItem(shelf);
  };
  const changed = (mark, entry) => mark.presence || (entry.all && mark.seen === "");
  const tell = (text) => {
    status.textContent = text;
    status.hidden = !text;
  };
  const tellWaiting = () => {
    const people = new Set(read().flatMap((entry) => entry.marks.filter((mark) => changed(mark, entry)).map((mark) => mark.person)));
    tell(people.size ? form.dataset.waits.replace("#", String(people.size)) : "");
  };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const marksOf = () =>
    Array.from(form.querySelectorAll("fieldset[data-person]"), (row) => {
      const field = (name) => row.querySelector(`[name$=".${name}"]`);
      const chosen = row.querySelector("input[type=radio]:checked");
      return { person: row.dataset.person, seen: field("seen").value, presence: chosen ? chosen.value : "", minutes: field("minutes").value };
    });
  const bodyOf = (entry) => {
    const body = new URLSearchParams({ _csrf: form.elements._csrf.value, _key: entry.key });
    if (entry.all) body.append("all_here", "true");
    entry.marks.forEach((mark, number) => {
      const at = `marks.${number}.`;
      body.append(`${at}person_id`, mark.person);
      body.append(`${at}seen`, mark.seen);
      if (mark.presence) body.append(`${at}presence`, mark.presence);
      body.append(`${at}minutes`, mark.minutes);
    });
    return body;
  };

  // What the server refuses is shown by the server's own page, at each field, with all that was typed.
  const showRefused = (entry) => {
    const typed = document.createElement("form");
    typed.method = "post";
    for (const [name, value] of bodyOf(entry)) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      typed.append(field);
    }
    document.body.append(typed);
    typed.submit();
  };

  const send = async () => {
    if (sending) return;
    sending = true;
    clearTimeout(again);
    try {
      for (let entries = read(); entries.length; entries = read()) {
        const answer = await fetch(location.pathname, { method: "POST", body: bodyOf(entries[0]), headers: { Accept: "text/html" } });
        const there = new URL(answer.url);
        if (answer.ok && there.pathname === location.pathname && there.searchParams.has("saved")) {
          write(entries.slice(1));
          const untouched = JSON.stringify(marksOf()) === JSON.stringify(entries[0].marks);
          if (entries.length === 1 && untouched) location.replace(answer.url);
        } else if (answer.status === 422) {
          write(entries.slice(1));
          showRefused(entries[0]);
          return;
        } else if ([401, 403].includes(answer.status) || there.pathname !== location.pathname) {
          tell(form.dataset.signedOut);
          return;
        } else {
          throw new Error(String(answer.status));
        }
      }
      tellWaiting();
    } catch {
      tellWaiting();
      again = setTimeout(send, pause);
    } finally {
      sending = false;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const all = Boolean(event.submitter && event.submitter.name === "all_here");
    try {
      write([...read(), { key: newKey(), all, marks: marksOf() }]);
    } catch {
      form.submit();
      return;
    }
    send();
  });
  addEventListener("online", send);
  tellWaiting();
  send();
})();
