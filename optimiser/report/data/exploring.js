"use strict";
/* Build order, city panel and time matrix, from the block "page-data". Names enter as text alone. */
const explore = (() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);

  /* Names that no font of the reader has: their letters look like one that no font may have. */
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const looks = (letter) => {
    pen.clearRect(0, 0, 40, 40);
    pen.font = "24px sans-serif";
    pen.fillText(letter, 4, 30);
    return pen.getImageData(0, 0, 40, 40).data.join();
  };
  const box = Object.keys(data.latin).length ? looks("\u{10ffff}") : "";
  const unread = Object.entries(data.latin).filter(([name]) => [...name].some((letter) => letter.codePointAt(0) >= 0x250 && looks(letter) === box));
  const read = (text) => unread.reduce((found, [name, latin]) => found.replaceAll(name, latin), text);
  if (unread.length) {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) => (node.parentElement.closest("script") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    while (walk.nextNode()) walk.currentNode.data = read(walk.currentNode.data);
    document.title = read(document.title);
    for (const city of data.cities) city[0] = read(city[0]);
    for (const state of data.states) state.words = read(state.words);
  }

  const last = data.states.length - 1;
  const byId = (id) => document.getElementById(id);
  const clock = (minutes) => (minutes < 0 ? "no path" : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`);
  const add = (parent, tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    parent.append(element);
    return element;
  };
  const listeners = [];
  let now = data.first;

  /* What is there from a step of the build order on, or at the points of a frontier that are listed. */
  const shows = (step) => last < 0 || (Array.isArray(step) ? step.includes(now) : step <= now);

  /* Why a pair stays beyond its limit, in a sentence. */
  const reason = (at) => {
    const [, , , , best, , within] = data.pairs[at];
    const parts = (data.trips[at] ?? []).map((minutes, part) => [minutes, data.parts[part]]).filter(([minutes]) => minutes > 0);
    const trip = parts.sort((one, other) => other[0] - one[0]).slice(0, 4).map(([minutes, name]) => `${name} ${minutes}`).join(", ");
    const cause = within & 4
      ? `${clock(best)} if every candidate were built: the plan spends its money elsewhere`
      : best < 0 ? "no candidate joins the two" : `${clock(best)} even with every candidate built`;
    return trip ? `${cause}. With the plan, in minutes: ${trip}.` : `${cause}.`;
  };

  /* The build order, or the points of a frontier. */
  const slider = byId("state");
  const choose = (step) => {
    now = step;
    const state = data.states[step];
    byId("state-spent").textContent = state.spent;
    byId("state-share").textContent = state.share;
    document.querySelectorAll(".state-pairs").forEach((tile, at) => { tile.textContent = state.pairs[at]; });
    byId("state-last").textContent = state.words;
    slider.setAttribute("aria-valuetext", `${state.spent} ${data.money} spent, ${state.pairs[0]} pairs within ${data.limit}. ${state.words}`);
    for (const row of document.querySelectorAll("#links tbody tr")) row.classList.toggle("later", !shows(JSON.parse(row.dataset.step)));
    for (const row of document.querySelectorAll("#points tbody tr")) row.classList.toggle("chosen", Number(row.dataset.state) === step);
    for (const listener of listeners) listener(step);
  };
  const go = (step) => {
    slider.value = step;
    choose(step);
  };
  if (slider) {
    go(now);
    slider.addEventListener("input", () => choose(Number(slider.value)));
  }
  for (const row of document.querySelectorAll("#points tbody tr")) {
    row.addEventListener("click", () => go(Number(row.dataset.state)));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") go(Number(row.dataset.state)); });
  }
  const reach = (step) => {
    if (!slider || shows(step)) return;
    const nearer = (one, other) => (Math.abs(other - now) < Math.abs(one - now) ? other : one);
    go(Array.isArray(step) ? step.reduce(nearer) : step);
  };

  /* A city: its times to all others, the farthest first. */
  const panel = byId("city-panel");
  const showCity = (row, focus) => {
    if (!panel) return;
    const place = data.rows[row];
    const [name, tier, people] = data.cities[place];
    panel.replaceChildren();
    const close = add(panel, "button", "Close", "toggle");
    close.type = "button";
    close.addEventListener("click", () => { panel.hidden = true; });
    add(panel, "h3", name);
    const mine = data.pairs.map((pair, at) => [pair, at]).filter(([pair]) => pair[0] === place || pair[1] === place);
    const count = (bit) => mine.filter(([pair]) => pair[6] & bit).length;
    add(panel, "p", `${tier}, ${people} people. Of ${mine.length} cities, ${count(1)} are within ${data.limit} today, ${count(2)} with the plan and ${count(4)} with every candidate built.`);
    const table = add(add(panel, "div", undefined, "scroll tall"), "table");
    const head = add(add(table, "thead"), "tr");
    for (const [words, number] of [["City", ""], ["Today", "number"], ["Plan", "number"], ["What keeps it beyond the limit", ""]]) add(head, "th", words, number).scope = "col";
    const body = add(table, "tbody");
    const length = (minutes) => (minutes < 0 ? Infinity : minutes);
    mine.sort(([one], [other]) => (one[6] & 2) - (other[6] & 2) || length(other[3]) - length(one[3]));
    for (const [pair, at] of mine) {
      const line = add(body, "tr");
      add(line, "th", data.cities[pair[0] === place ? pair[1] : pair[0]][0]).scope = "row";
      add(line, "td", clock(pair[2]), "number");
      add(line, "td", clock(pair[3]), pair[6] & 2 && !(pair[6] & 1) ? "number gain" : "number");
      add(line, "td", pair[6] & 2 ? (pair[6] & 1 ? "" : "newly within it") : reason(at), "quiet");
    }
    panel.hidden = false;
    if (focus) {
      panel.scrollIntoView({ block: "nearest" });
      panel.focus({ preventScroll: true });
    }
  };
  for (const row of document.querySelectorAll("#cities tbody tr")) {
    row.addEventListener("click", () => showCity(Number(row.dataset.row), true));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") showCity(Number(row.dataset.row), true); });
  }

  /* Partners within the limit of each row of the table of cities, today and in the state that is shown. */
  const partners = () => {
    const counts = data.cities.map(() => [0, 0]);
    for (const [one, other, , , , , within, step] of data.pairs) {
      if (step < 0) continue;
      for (const city of [one, other]) {
        if (within & 1) counts[city][0] += 1;
        if (shows(step)) counts[city][1] += 1;
      }
    }
    return data.rows.map((place) => counts[place]);
  };

  /* The matrix: one cell an ordered pair of places; today below the diagonal, the plan above it. */
  const canvas = byId("matrix");
  const count = data.cities.length;
  const cells = new Int32Array(count * count).fill(-1);
  data.pairs.forEach(([one, other], at) => {
    cells[one * count + other] = at;
    cells[other * count + one] = at;
  });
  let cell = null;
  const drawMatrix = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => {
      const probe = add(document.body, "i");
      probe.style.color = `var(--${name})`;
      const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
      probe.remove();
      return found;
    };
    const [light, middle, hot, dark] = ["within-short", "within-long", "beyond-short", "beyond-long"].map(colour);
    const [ink, card, muted] = ["ink", "card", "muted"].map((name) => `rgb(${colour(name)})`);
    const mix = (a, b, share) => `rgb(${a.map((value, at) => Math.round(value + (b[at] - value) * Math.min(1, Math.max(0, share))))})`;
    const wide = canvas.parentElement.clientWidth;
    const named = wide >= 560 && count <= 70;
    const pen = canvas.getContext("2d");
    const font = (size) => `${size}px ${style.getPropertyValue("--sans")}`;
    let side = Math.max(3, Math.min(22, (wide - 1) / count));
    let left = 0;
    if (named) {
      side = Math.max(8, Math.min(22, (wide - 110) / count));
      pen.font = font(Math.min(12, side));
      left = Math.min(140, Math.max(...data.cities.map(([name]) => pen.measureText(name).width)) + 8);
      side = Math.max(8, Math.min(22, (wide - left - 1) / count));
    }
    const ratio = window.devicePixelRatio || 1;
    const size = Math.floor(left + side * count);
    canvas.style.width = `${size}px`;
    canvas.style.height = `${Math.floor(side * count)}px`;
    canvas.width = size * ratio;
    canvas.height = Math.floor(side * count) * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = card;
    pen.fillRect(0, 0, size, side * count);
    if (named) {
      pen.fillStyle = ink;
      pen.font = font(Math.min(12, side));
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      data.cities.forEach(([name], at) => pen.fillText(name, left - 5, (at + 0.5) * side, left - 5));
    }
    const longest = Math.max(1, ...data.pairs.map((pair) => Math.max(pair[2], pair[3]) - pair[5]));
    const gap = side > 6 ? 1 : 0;
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) {
        const at = cells[row * count + column];
        if (at < 0) continue;
        const pair = data.pairs[at];
        const minutes = pair[row > column ? 2 : 3];
        const inside = pair[6] & (row > column ? 1 : 2);
        pen.fillStyle = minutes < 0 ? ink : inside ? mix(light, middle, minutes / pair[5]) : mix(hot, dark, (minutes - pair[5]) / longest);
        pen.fillRect(left + column * side, row * side, side - gap, side - gap);
      }
    }
    pen.strokeStyle = muted;
    data.cities.forEach((city, at) => {
      if (at && data.cities[at - 1][1] !== city[1]) {
        pen.beginPath();
        pen.moveTo(left, at * side - 0.5);
        pen.lineTo(size, at * side - 0.5);
        pen.moveTo(left + at * side - 0.5, 0);
        pen.lineTo(left + at * side - 0.5, side * count);
        pen.stroke();
      }
    });
    if (cell) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.strokeRect(left + cell[1] * side, cell[0] * side, side, side);
      pen.lineWidth = 1;
    }
    canvas.dataset.left = left;
    canvas.dataset.side = side;
  };
  const pick = (row, column) => {
    cell = [row, column];
    const at = cells[row * count + column];
    const [one, other] = [data.cities[row][0], data.cities[column][0]];
    let words = row === column ? one : `${one} – ${other}: no pair of the problem.`;
    if (at >= 0) {
      const pair = data.pairs[at];
      words = `${one} – ${other}: ${clock(pair[2])} today, ${clock(pair[3])} with the plan, limit ${clock(pair[5])}. `;
      words += pair[6] & 1 ? "Within it today." : pair[6] & 2 ? "Newly within it." : `Beyond it: ${reason(at)}`;
    }
    byId("matrix-note").textContent = words;
    drawMatrix();
  };
  if (canvas) {
    const under = (event) => {
      const box = canvas.getBoundingClientRect();
      const side = Number(canvas.dataset.side);
      const column = Math.floor((event.clientX - box.left - Number(canvas.dataset.left)) / side);
      const row = Math.floor((event.clientY - box.top) / side);
      if (row < 0 || column < 0 || row >= count || column >= count) return;
      if (!cell || cell[0] !== row || cell[1] !== column) pick(row, column);
    };
    canvas.addEventListener("pointermove", under);
    canvas.addEventListener("pointerdown", under);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [row, column] = cell ?? [0, 0];
      pick(Math.min(count - 1, Math.max(0, row + step[0])), Math.min(count - 1, Math.max(0, column + step[1])));
    });
    drawMatrix();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMatrix);
    addEventListener("resize", drawMatrix);
  }

  return { read, shows, reach, onStep: (listener) => listeners.push(listener), showCity, partners };
})();
