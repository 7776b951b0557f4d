"use strict";
/* Plans and their build order, city panel and time matrix, from the block "page-data". Names enter as text alone. */
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
    for (const city of data.cities) for (const at of [0, 4]) city[at] = read(city[at]);
    for (const link of data.links) link[0] = read(link[0]);
    for (const plan of data.plans) for (const key of ["words", "note", "rings"]) plan[key] = read(plan[key]);
  }

  const byId = (id) => document.getElementById(id);
  const clock = (minutes) => (minutes < 0 ? "no path" : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`);
  const add = (parent, tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    parent.append(element);
    return element;
  };
  /* On a narrow screen a row of a wide table is a block: each cell says what its column is; of many rows some are shown. */
  const label = (table) => {
    const heads = [...(table.tHead?.rows[0].cells ?? [])].map((head) => [...head.childNodes].map((part) => (part.nodeName === "SMALL" ? `(${part.textContent})` : part.textContent.trim())).join(" "));
    table.classList.toggle("folds", heads.length > 3);
    const box = table.parentElement;
    if (heads.length > 3 && table.rows.length > 6 && !box.classList.contains("long")) {
      box.classList.add("long");
      const whole = add(box.parentElement, "button", "Show all rows", "toggle whole");
      whole.type = "button";
      whole.addEventListener("click", () => box.classList.add("open"));
      box.after(whole);
    }
    for (const row of table.querySelectorAll("tbody tr, tfoot tr")) [...row.cells].forEach((cell, at) => { cell.dataset.head = heads[at]; });
  };
  for (const table of document.querySelectorAll(".scroll > table")) label(table);
  const colour = (name) => {
    const probe = add(document.body, "i");
    probe.style.color = `var(--${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const say = (id, text) => {
    const element = byId(id);
    if (element) element.textContent = text;
  };
  const whole = (number) => Math.round(number).toLocaleString("en");
  const people = (count) => (count >= 999500 ? `${(count / 1e6).toFixed(count < 1e7 ? 2 : 1)} M` : count >= 1000 ? `${Math.round(count / 1000)} k` : `${count}`);

  /* The plan that is shown, and how many steps of its order are built. */
  const plans = data.plans;
  const listeners = [];
  let now = data.first;
  let step = plans[now].order.length;
  let [ranks, opens, circuits] = [new Map(), [], new Set()];
  const isChosen = () => now === data.chosen && step === plans[now].order.length;
  const settle = () => {
    const { order, formed, left } = plans[now];
    ranks = new Map(order.map(([link], at) => [link, at + 1]));
    opens = data.pairs.map((pair) => (pair[6] & 1 ? 0 : -1));
    order.forEach(([, , pairs], at) => pairs.forEach((pair) => { opens[pair] = at + 1; }));
    circuits = new Set([...formed.map(([ring, steps]) => `${Math.max(0, ...steps) <= step ? "ring" : "left"}${ring}`), ...left.map((ring) => `left${ring}`)]);
  };
  settle();

  /* What is there: a proposal, by number, from its step on; a ring, or its dashes, by name. */
  const shows = (part) => (typeof part === "number" ? ranks.get(part) <= step : circuits.has(part));
  const isWithin = (pair) => opens[pair] >= 0 && opens[pair] <= step;
  const count = (holds) => {
    const counts = [0, ...data.tiers.map(() => 0)];
    data.pairs.forEach((pair, at) => {
      if (!holds(at)) return;
      counts[0] += 1;
      counts[1 + pair[7]] += 1;
    });
    return counts;
  };
  const totals = count(() => true);
  const today = count((at) => data.pairs[at][6] & 1);
  const reached = (plan) => {
    const counts = [...today];
    for (const [, , pairs] of plan.order) for (const pair of pairs) for (const at of [0, 1 + data.pairs[pair][7]]) counts[at] += 1;
    return counts;
  };

  /* Why a pair stays beyond its limit, in a sentence. */
  const reason = (at) => {
    const [, , , , best, , within] = data.pairs[at];
    const parts = (data.trips[at] ?? []).map((minutes, part) => [minutes, data.parts[part]]).filter(([minutes]) => minutes > 0);
    const trip = parts.sort((one, other) => other[0] - one[0]).slice(0, 4).map(([minutes, name]) => `${name} ${minutes}`).join(", ");
    const cause = within & 4
      ? `${clock(best)} if every candidate were built: the plan spends its money elsewhere`
      : best < 0 ? "no candidate joins the two" : `${clock(best)} even with every candidate built`;
    return trip && isChosen() ? `${cause}. With the plan, in minutes: ${trip}.` : `${cause}.`;
  };

  /* Sentence, figures and tables follow the plan and the step. */
  const slider = byId("state");
  const gaining = () => {
    const smaller = new Set(data.pairs.flatMap(([one, other], at) => (opens[at] > 0 && isWithin(at) ? [data.cities[one][3] < data.cities[other][3] ? one : other] : [])));
    return [...smaller].reduce((sum, city) => sum + data.cities[city][3], 0);
  };
  const fillOrder = () => {
    const body = byId("order")?.tBodies[0];
    if (!body) return;
    const { order, formed } = plans[now];
    const ringOf = (at) => formed.find(([, steps]) => steps.includes(at));
    let [spent, counts, first] = [0, [...today], 0];
    body.replaceChildren();
    [[undefined, 0, []], ...order].forEach(([link], at) => {
      if (ringOf(at) && ringOf(at) === ringOf(at + 1)) return;
      const steps = order.slice(Math.max(0, first - 1), at);
      const [cost, pairs] = [steps.reduce((sum, [, one]) => sum + one, 0), steps.flatMap(([, , some]) => some)];
      spent += cost;
      for (const pair of pairs) for (const tier of [0, 1 + data.pairs[pair][7]]) counts[tier] += 1;
      const line = add(body, "tr");
      line.dataset.at = at;
      line.tabIndex = at ? -1 : 0;
      const [name, kind, category] = link === undefined ? ["Today", "", ""] : data.links[link];
      const number = add(line, "td", undefined, "number");
      if (at) add(number, "span", steps.length > 1 ? `${first}–${at}` : at, `badge proposed-${category}`);
      const head = add(line, "th", steps.length > 1 ? data.rings[ringOf(at)[0]] : name);
      head.scope = "row";
      add(head, "small", steps.length > 1 ? steps.map(([one]) => data.links[one][0]).join("; ") : kind);
      for (const figure of [at ? whole(cost) : "–", whole(spent), at ? `+${pairs.length}` : "–", ...counts.map(whole)]) add(line, "td", figure, "number");
      first = at + 1;
    });
    label(byId("order"));
  };
  const fillTable = (isNew) => {
    const rows = [...document.querySelectorAll("#links tbody tr[data-part]")];
    for (const row of rows) {
      const rank = ranks.get(Number(row.dataset.part));
      row.hidden = rank === undefined;
      row.classList.toggle("later", rank > step);
      const badge = row.querySelector(".badge");
      if (badge && rank) badge.textContent = rank;
      const added = row.querySelector("[data-added]");
      if (added && rank) added.textContent = plans[now].order[rank - 1][2].length;
      row.classList.toggle("further", rank > byId("links").dataset.most);
    }
    for (const body of byId("links")?.tBodies ?? []) {
      const steps = [...body.rows].filter((row) => row.dataset.part && !row.hidden).map((row) => plans[now].order[ranks.get(Number(row.dataset.part)) - 1]);
      body.hidden = !steps.length;
      for (const note of body.querySelectorAll("[data-circuits]")) note.hidden = plans[now].formed.some(([circuit]) => JSON.parse(note.dataset.circuits).includes(circuit));
      for (const cell of body.querySelectorAll("[data-sum]")) cell.textContent = whole(steps.reduce((sum, found) => sum + (found[cell.dataset.sum].length ?? found[cell.dataset.sum]), 0));
    }
    if (!isNew || data.plans.length < 2) return;
    const place = (row) => ranks.get(Number(row.dataset.part)) ?? Infinity;
    for (const row of rows.sort((one, other) => place(one) - place(other) || 0)) row.parentElement.append(row);
    const bodies = [...(byId("links")?.tBodies ?? [])];
    for (const body of bodies.sort((one, other) => place(one.rows[1]) - place(other.rows[1]) || 0)) body.parentElement.append(body);
  };
  const fill = (isNew) => {
    const plan = plans[now];
    const spent = plan.order.slice(0, step).reduce((sum, [, cost]) => sum + cost, 0);
    const counts = count(isWithin);
    if (isNew && plans.length > 1) say("answer", plan.words);
    say("plan-note", plan.note);
    say("figure-pairs", `${whole(today[0])} → ${whole(counts[0])}`);
    say("figure-people", people(gaining()));
    say("figure-cost", whole(spent));
    if (isNew && plans.length > 1 && data.budget !== null) say("figure-budget", `of ${whole(plan.budget)} ${data.money}`);
    say("figure-gap", plan.gap);
    say("figure-built", plan.order.length);
    say("state-spent", whole(spent));
    document.querySelectorAll(".state-pairs").forEach((tile, at) => { tile.textContent = whole(counts[at]); });
    const [last] = plan.order[step - 1] ?? [];
    const all = step === plan.order.length;
    const built = `Built: ${all ? "all " : ""}${step} of ${plan.order.length} proposals, the last one number ${step}, ${data.links[last]?.[0]}.${all ? "" : " This is the beginning of the plan; another plan may bring more for this sum (see the curve)."}`;
    say("state-last", step ? built : plan.order.length ? "Today: nothing is built." : "Nothing is built.");
    if (slider) {
      slider.max = plan.order.length;
      slider.value = step;
      slider.setAttribute("aria-valuetext", `${whole(spent)} ${data.money} spent, ${counts[0]} pairs within ${data.limit}. ${byId("state-last").textContent}`);
    }
    const share = (part, of) => (of ? (100 * part) / of : 0);
    document.querySelectorAll("[data-tier]").forEach((row) => {
      const at = row.dataset.tier === "all" ? 0 : 1 + data.tiers.indexOf(row.dataset.tier);
      row.querySelector(".after-bar").setAttribute("width", share(counts[at], totals[at]));
      row.querySelector("[data-after]").firstChild.data = counts[at];
      row.querySelector("[data-after] small").textContent = `${share(counts[at], totals[at]).toFixed(0)} %`;
      row.querySelector(".gain").textContent = `+${counts[at] - today[at]}`;
    });
    document.body.classList.toggle("other-plan", now !== data.chosen);
    for (const one of document.querySelectorAll("[data-ring]")) {
      const [formed, left] = [circuits.has(`ring${one.dataset.ring}`), circuits.has(`left${one.dataset.ring}`)];
      one.hidden = !formed && !left;
      one.classList.toggle("left-out", !formed);
    }
    if (byId("left-out")) byId("left-out").hidden = ![...circuits].some((one) => one.startsWith("left"));
    if (isNew) fillOrder();
    fillTable(isNew);
    for (const row of byId("order")?.tBodies[0].rows ?? []) {
      row.classList.toggle("later", Number(row.dataset.at) > step);
      row.classList.toggle("chosen", Number(row.dataset.at) === step);
    }
    for (const row of document.querySelectorAll("#points tbody tr")) row.classList.toggle("chosen", Number(row.dataset.plan) === now);
    for (const listener of listeners) listener(isNew);
  };
  const build = (at) => {
    step = at;
    settle();
    fill(false);
  };
  const choose = (plan) => {
    now = plan;
    step = plans[now].order.length;
    settle();
    fill(true);
  };
  slider?.addEventListener("input", () => build(Number(slider.value)));
  const rowsDo = (table, act) => {
    const listen = (event) => {
      const row = event.target.closest("tbody tr:not(.package)");
      if (row && (event.type === "click" || event.key === "Enter") && !event.target.closest("details")) act(row);
    };
    for (const type of ["click", "keydown"]) byId(table)?.addEventListener(type, listen);
  };
  for (const row of document.querySelectorAll("#points tbody tr")) {
    const counts = reached(plans[row.dataset.plan]);
    row.querySelectorAll("[data-count]").forEach((cell, at) => { cell.textContent = counts[at]; });
  }
  rowsDo("points", (row) => choose(Number(row.dataset.plan)));
  rowsDo("order", (row) => build(Number(row.dataset.at)));

  /* Show a proposal: at its step, or in the nearest plan that has it. */
  const reach = (part) => {
    if (shows(part)) return;
    if (ranks.has(part)) return build(ranks.get(part));
    const having = [...plans.keys()].filter((at) => plans[at].order.some(([link]) => link === part));
    if (having.length) choose(having.reduce((one, other) => (Math.abs(other - now) < Math.abs(one - now) ? other : one)));
  };

  /* A city: its times to all others, the farthest first. */
  const panel = byId("city-panel");
  const showCity = (row, focus) => {
    if (!panel) return;
    const place = data.rows[row];
    const [name, tier, people, , local, need] = data.cities[place];
    panel.replaceChildren();
    const close = add(panel, "button", "Close", "toggle");
    close.type = "button";
    close.addEventListener("click", () => { panel.hidden = true; });
    add(panel, "h3", name + local);
    const mine = data.pairs.map((pair, at) => [pair, at]).filter(([pair]) => pair[0] === place || pair[1] === place);
    const some = (holds) => mine.filter(holds).length;
    add(panel, "p", `${tier}, ${people} people. Of ${mine.length} cities, ${some(([pair]) => pair[6] & 1)} are within ${data.limit} today, ${some(([, at]) => isWithin(at))} with this plan and ${some(([pair]) => pair[6] & 4)} with every candidate built.`);
    if (need && isChosen()) add(panel, "p", `The plan brings it none. What would: ${need}.`);
    const table = add(add(panel, "div", undefined, "scroll tall"), "table");
    const head = add(add(table, "thead"), "tr");
    for (const [words, number] of [["City", ""], ["Today", "number"], ["Plan", "number"], ["What keeps it beyond the limit", ""]]) add(head, "th", words, number).scope = "col";
    const body = add(table, "tbody");
    const length = (minutes) => (minutes < 0 ? Infinity : minutes);
    mine.sort(([one, at], [other, by]) => isWithin(at) - isWithin(by) || length(other[3]) - length(one[3]));
    for (const [pair, at] of mine) {
      const line = add(body, "tr");
      add(line, "th", data.cities[pair[0] === place ? pair[1] : pair[0]][0]).scope = "row";
      add(line, "td", clock(pair[2]), "number");
      const inside = isWithin(at);
      const planned = isChosen() ? clock(pair[3]) : `${inside ? "≤" : ">"} ${clock(pair[5])}`;
      add(line, "td", planned, inside && !(pair[6] & 1) ? "number gain" : "number");
      add(line, "td", inside ? (pair[6] & 1 ? "" : "newly within it") : reason(at), "quiet");
    }
    label(table);
    panel.hidden = false;
    if (focus) {
      panel.scrollIntoView({ block: "nearest" });
      panel.focus({ preventScroll: true });
    }
  };
  rowsDo("cities", (row) => showCity(Number(row.dataset.row), true));
  const find = byId("find-city");
  const named = () => [...byId("cities").tBodies[0].rows].filter((row) => row.cells[0].textContent.toLowerCase().includes(find.value.trim().toLowerCase()));
  find?.addEventListener("input", () => {
    const found = named();
    for (const row of byId("cities").tBodies[0].rows) row.hidden = !found.includes(row);
  });
  find?.addEventListener("change", () => { if (find.value && named().length) showCity(Number(named()[0].dataset.row), true); });

  /* Partners within the limit of each row of the table of cities, today and as shown. */
  const partners = () => {
    const counts = data.cities.map(() => [0, 0]);
    data.pairs.forEach(([one, other, , , , , within], at) => {
      for (const city of [one, other]) {
        if (within & 1) counts[city][0] += 1;
        if (isWithin(at)) counts[city][1] += 1;
      }
    });
    return data.rows.map((place) => counts[place]);
  };

  /* The matrix: one cell an ordered pair of places; today below the diagonal, the plan above it. */
  const canvas = byId("matrix");
  const size = data.cities.length;
  const cells = new Int32Array(size * size).fill(-1);
  data.pairs.forEach(([one, other], at) => {
    cells[one * size + other] = at;
    cells[other * size + one] = at;
  });
  let cell = null;
  const drawMatrix = () => {
    const style = getComputedStyle(document.documentElement);
    const parts = (name) => colour(name).match(/[\d.]+/g).slice(0, 3).map(Number);
    const [light, middle, hot, dark] = ["within-short", "within-long", "beyond-short", "beyond-long"].map(parts);
    const [ink, card, muted] = ["ink", "card", "muted"].map(colour);
    const mix = (a, b, share) => `rgb(${a.map((value, at) => Math.round(value + (b[at] - value) * Math.min(1, Math.max(0, share))))})`;
    const wide = canvas.parentElement.clientWidth;
    const named = wide >= 560 && size <= 70;
    const pen = canvas.getContext("2d");
    const font = (size) => `${size}px ${style.getPropertyValue("--sans")}`;
    let side = Math.max(3, Math.min(22, (wide - 1) / size));
    let left = 0;
    if (named) {
      side = Math.max(8, Math.min(22, (wide - 110) / size));
      pen.font = font(Math.min(14, side));
      left = Math.min(140, Math.max(...data.cities.map(([name]) => pen.measureText(name).width)) + 8);
      side = Math.max(8, Math.min(22, (wide - left - 1) / size));
    }
    const ratio = window.devicePixelRatio || 1;
    const wider = Math.floor(left + side * size);
    canvas.style.width = `${wider}px`;
    canvas.style.height = `${Math.floor(side * size)}px`;
    canvas.width = wider * ratio;
    canvas.height = Math.floor(side * size) * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = card;
    pen.fillRect(0, 0, wider, side * size);
    if (named) {
      pen.fillStyle = ink;
      pen.font = font(Math.min(14, side));
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      data.cities.forEach(([name], at) => pen.fillText(name, left - 5, (at + 0.5) * side, left - 5));
    }
    const longest = Math.max(1, ...data.pairs.map((pair) => Math.max(pair[2], pair[3]) - pair[5]));
    const gap = side > 6 ? 1 : 0;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const at = cells[row * size + column];
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
        pen.lineTo(wider, at * side - 0.5);
        pen.moveTo(left + at * side - 0.5, 0);
        pen.lineTo(left + at * side - 0.5, side * size);
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
    const at = cells[row * size + column];
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
      if (row < 0 || column < 0 || row > size - 1 || column > size - 1) return;
      if (!cell || cell[0] !== row || cell[1] !== column) pick(row, column);
    };
    canvas.addEventListener("pointermove", under);
    canvas.addEventListener("pointerdown", under);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [row, column] = cell ?? [0, 0];
      pick(Math.min(size - 1, Math.max(0, row + step[0])), Math.min(size - 1, Math.max(0, column + step[1])));
    });
    drawMatrix();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawMatrix);
    addEventListener("resize", drawMatrix);
  }

  fill(true);
  return {
    data, read, add, colour, rowsDo, shows, reach, reached, totals, choose, showCity, partners, isChosen,
    shown: () => now,
    rank: (part) => ranks.get(part),
    brings: (part) => plans[now].order[ranks.get(part) - 1]?.[2].length,
    onChange: (listener) => listeners.push(listener),
  };
})();
