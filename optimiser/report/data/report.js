"use strict";
(async () => {
  const { colour } = explore;

  /* Tables sort by the heading that is clicked. */
  const value = (cell) => {
    const text = (cell.dataset.value ?? cell.textContent).trim();
    const clock = text.match(/^(\d+):(\d\d)$/);
    if (clock) return 60 * clock[1] + Number(clock[2]);
    const number = Number.parseFloat(text.replaceAll(",", "").replace("+", ""));
    return Number.isNaN(number) ? -Infinity : number;
  };
  const sort = (table, column, heading) => {
    const down = heading.getAttribute("aria-sort") !== "descending";
    const numeric = heading.classList.contains("number");
    const order = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.classList.contains("package")).sort((one, other) => {
      const [a, b] = [one.cells[column], other.cells[column]];
      const by = numeric ? value(a) - value(b) : b.textContent.localeCompare(a.textContent);
      return down ? -by || 0 : by || 0;
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const row of order) row.parentElement.append(row);
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      heading.tabIndex = 0;
      heading.addEventListener("click", () => sort(table, column, heading));
      heading.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort(table, column, heading);
      });
    });
  }

  /* Of rows that do something, one is in the order of tabs; arrow keys lead to the others. */
  for (const table of document.querySelectorAll("#links, #what-if, #cities, #points, #order")) {
    const lines = () => [...table.querySelectorAll("tbody tr:not(.package)")].filter((row) => row.offsetParent);
    const enter = (row) => {
      for (const other of table.querySelectorAll("tbody tr:not(.package), tbody summary")) other.tabIndex = row.contains(other) ? 0 : -1;
    };
    enter(lines()[0]);
    table.addEventListener("keydown", (event) => {
      const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const next = way && lines()[lines().indexOf(event.target.closest("tbody tr")) + way];
      if (!next) return;
      event.preventDefault();
      enter(next);
      next.focus();
    });
  }
  for (const box of document.querySelectorAll(".scroll")) {
    if (!box.querySelector("[tabindex]")) box.tabIndex = 0;
  }

  const item = JSON.parse(document.getElementById("map-data").textContent, (key, value) => (typeof value === "string" ? explore.read(value) : value));
  const target = document.getElementById("map");
  const narrow = target.clientWidth < 600;
  const height = Math.max(440, Math.min(720, Math.round(target.clientWidth * 0.68)));
  Bokeh.logger?.set_level("off");
  await Bokeh.embed.embed_item(item, target);
  const plot = Bokeh.documents[0].get_model_by_name("map");
  plot.height = height;
  await new Promise((done) => setTimeout(done, 80));
  const parts = plot.renderers.filter((part) => part.name);
  const part = (name) => parts.find((one) => one.name === name);

  /* What is a part of plans is drawn in those that have it; all of it is kept here. */
  const wholes = new Map();
  for (const { data_source: source } of parts) {
    if ("part" in source.data && !wholes.has(source)) wholes.set(source, Object.fromEntries(Object.entries(source.data).map(([name, column]) => [name, [...column]])));
  }
  const refresh = (source) => {
    const whole = wholes.get(source);
    const kept = [...whole.part.keys()].filter((i) => explore.shows(whole.part[i]));
    const data = Object.fromEntries(Object.entries(whole).map(([name, column]) => [name, kept.map((i) => column[i])]));
    if (data.rank) data.rank = data.part.map((one) => String(explore.rank(one)));
    if (data.pairs) data.pairs = data.part.map(explore.brings);
    source.data = data;
  };

  if (narrow) for (const name of ["proposals-lines", "proposals-casing"]) part(name).glyph.line_width = { value: name === "proposals-lines" ? 2.2 : 4 };

  const ringParts = parts.filter((one) => one.name.startsWith("rings-") && one.name !== "rings-hover");
  for (const source of wholes.keys()) refresh(source);
  if (narrow) for (const one of ringParts) one.glyph.line_width = { value: one.glyph.line_width.value / 1.6 };

  /* One scale in both directions, whatever the width of the page. */
  const home = [plot.x_range.start, plot.x_range.end, plot.y_range.start, plot.y_range.end];
  const show = ([west, east, south, north]) => {
    const wide = plot.inner_width || target.clientWidth - 40;
    const high = plot.inner_height || plot.height - 10;
    const metres = Math.max((east - west) / wide, (north - south) / high) / 2;
    const [x, y] = [(west + east) / 2, (south + north) / 2];
    plot.x_range.setv({ start: x - metres * wide, end: x + metres * wide });
    plot.y_range.setv({ start: y - metres * high, end: y + metres * high });
  };
  show(home);
  for (const range of [plot.x_range, plot.y_range]) range.setv({ reset_start: range.start, reset_end: range.end });

  /* Numbers and names stand where there is room, the most important first; zooming in makes room. */
  const labels = part("labels-text").data_source;
  const links = part("proposals-lines").data_source;
  const badges = part("proposals-badges").data_source;
  const pen = document.createElement("canvas").getContext("2d");
  const sides = [[1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1], [0, -1], [0, 1]];
  const places = [1, 3, 6, 12].flatMap((reach) => sides.map(([across, down]) => [across, down, reach]));
  const aligns = ["right", "center", "left"];
  const placeLabels = () => {
    const data = labels.data;
    const scale = plot.inner_width / (plot.x_range.end - plot.x_range.start);
    const at = (x, y) => [(x - plot.x_range.start) * scale, (plot.y_range.end - y) * scale];
    const taken = [[0, 0, 30, 46]]; /* the arrow to the north */
    const hit = (box) => box[0] < 0 || box[2] > plot.inner_width || box[1] < 0 || box[3] > plot.inner_height || taken.some((o) => box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1]);
    for (let i = 0; i < data.x.length; i++) {
      const [x, y] = at(data.x[i], data.y[i]);
      const half = data.size[i] / 2 + 1;
      taken.push([x - half, y - half, x + half, y + half]);
    }
    const { part: numbered, rank, stands } = badges.data;
    const [home, placed] = [wholes.get(badges), { x: [], y: [], alpha: [] }];
    for (const i of [...numbered.keys()].sort((one, other) => rank[one] - rank[other])) {
      const best = home.part.indexOf(numbered[i]);
      const [x, y] = at(home.x[best], home.y[best]);
      const away = ([across, down], from = [x, y]) => Math.hypot(across - from[0], down - from[1]);
      const own = [...links.data.part.keys()].filter((row) => links.data.part[row] === numbered[i]);
      const line = own.flatMap((row) => [...links.data.xs[row]].map((east, k) => at(east, links.data.ys[row][k]))).sort((one, other) => away(one) - away(other));
      const around = (reach) => [[x, y], ...line].flatMap(([left, top]) => (reach ? sides : [[0, 0]]).map(([across, down]) => [left + reach * across, top + reach * down]));
      const spots = { corner: [[15, 62], [15, 89]], beside: [22, 34].flatMap(around), on: [0, 22, 34].flatMap(around) }[stands[i]];
      const isOff = (spot) => stands[i] !== "beside" || line.every((point) => away(point, spot) > 15);
      const spot = spots.find(([left, top]) => !hit([left - 13, top - 13, left + 13, top + 13]) && isOff([left, top]));
      if (spot) taken.push([spot[0] - 13, spot[1] - 13, spot[0] + 13, spot[1] + 13]);
      placed.x[i] = spot ? plot.x_range.start + spot[0] / scale : home.x[best];
      placed.y[i] = spot ? plot.y_range.end - spot[1] / scale : home.y[best];
      placed.alpha[i] = spot ? 1 : 0;
    }
    badges.data = { ...badges.data, ...placed };
    const fresh = { align: [], dx: [], dy: [], alpha: [] };
    for (let i = 0; i < data.x.length; i++) {
      const [x, y] = at(data.x[i], data.y[i]);
      const size = Number.parseFloat(data.font[i]);
      pen.font = `${data.style[i]} ${data.font[i]} Helvetica, Arial, sans-serif`;
      const width = pen.measureText(data.name[i]).width + 4;
      let spot = null;
      for (const [across, down, reach] of places) {
        if (reach > 4 && data.style[i] !== "bold") break;
        const dx = across * (data.size[i] / 2 + 3 * reach);
        const dy = down * (size * 0.7 + 3 * reach);
        const left = x + dx - (width * (1 - across)) / 2;
        const box = [left, y + dy - size * 0.6, left + width, y + dy + size * 0.6];
        if (!hit(box)) {
          spot = { box, dx, dy, align: aligns[across + 1] };
          break;
        }
      }
      if (spot) taken.push(spot.box);
      fresh.align.push(spot?.align ?? "left");
      fresh.dx.push(spot?.dx ?? 0);
      fresh.dy.push(spot?.dy ?? 0);
      fresh.alpha.push(spot ? 1 : 0);
    }
    labels.data = { ...data, ...fresh };
  };
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(placeLabels, 60);
  };
  for (const range of [plot.x_range, plot.y_range]) {
    range.properties.start.change.connect(soon);
    range.properties.end.change.connect(soon);
  }
  /* Layers. */
  for (const button of document.querySelectorAll(".toggle")) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      const key = button.dataset.layer;
      for (const one of parts) if (one.name === key || one.name.startsWith(`${key}-`)) one.visible = on;
    });
  }

  /* A row and its link on the map find each other. */
  const rows = [...document.querySelectorAll("#links tr[data-part], #what-if tr[data-part]")];
  const mark = (found) => rows.forEach((row) => row.classList.toggle("chosen", found.has(Number(row.dataset.part))));
  links.selected.properties.indices.change.connect(() => {
    mark(new Set([...links.selected.indices].map((i) => links.data.part[i])));
    const row = rows.find((one) => one.classList.contains("chosen"));
    row?.closest(".scroll").classList.add("open");
    if (row && !following) row.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  let following = false;
  const goTo = (row) => {
    const part = Number(row.dataset.part);
    explore.reach(part);
    const found = [...links.data.part.keys()].filter((i) => links.data.part[i] === part);
    if (!found.length) return;
    following = true;
    links.selected.indices = found;
    following = false;
    const xs = found.flatMap((i) => [...links.data.xs[i]]);
    const ys = found.flatMap((i) => [...links.data.ys[i]]);
    const room = Math.max(30000, 0.6 * (Math.max(...xs) - Math.min(...xs)), 0.6 * (Math.max(...ys) - Math.min(...ys)));
    const isWide = badges.data.stands[badges.data.part.indexOf(part)] === "corner";
    show(isWide ? home : [Math.min(...xs) - room, Math.max(...xs) + room, Math.min(...ys) - room, Math.max(...ys) + room]);
    document.getElementById("plan-map").scrollIntoView({ behavior: "smooth" });
  };
  for (const table of ["links", "what-if"]) explore.rowsDo(table, goTo);
  for (const code of document.querySelectorAll("code")) code.addEventListener("click", () => navigator.clipboard?.writeText(code.textContent));

  /* Cities: a tap opens their times, and they are filled once the build order brings them partners. */
  const marks = part("cities");
  const cities = marks.data_source;
  cities.selected.properties.indices.change.connect(() => {
    const [found] = cities.selected.indices;
    if (found !== undefined) explore.showCity(cities.data.row[found]);
  });
  const fillCities = () => {
    const counts = explore.partners();
    const fills = [colour("unchanged"), colour("gains")];
    const mine = [...cities.data.row].map((row) => counts[row]);
    cities.data = { ...cities.data, after: mine.map(([, after]) => after), fill: mine.map(([before, after]) => fills[Number(after > before)]) };
  };
  explore.onChange(() => {
    links.selected.indices = [];
    for (const source of wholes.keys()) refresh(source);
    fillCities();
    placeLabels();
  });

  document.querySelector(".contents")?.addEventListener("click", (event) => {
    if (event.target.closest("a")) event.currentTarget.open = false;
  });

  /* Keys move the map. */
  target.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const zoom = { "+": 0.8, "=": 0.8, "-": 1.25 }[event.key];
    if (event.key === "0") show(home);
    else if (move || zoom) {
      const { x_range: across, y_range: up } = plot;
      const [wide, high] = [across.end - across.start, up.end - up.start];
      const [x, y] = [(across.start + across.end) / 2 + 0.12 * wide * (move?.[0] ?? 0), (up.start + up.end) / 2 + 0.12 * high * (move?.[1] ?? 0)];
      const half = (zoom ?? 1) / 2;
      across.setv({ start: x - half * wide, end: x + half * wide });
      up.setv({ start: y - half * high, end: y + half * high });
    } else return;
    event.preventDefault();
  });

  /* Colours of the page, light or dark, also on the map. */
  const paint = () => {
    const [card, ink] = ["card", "ink"].map(colour);
    plot.setv({ background_fill_color: card, border_fill_color: card });
    const line = { "high_speed": "high-speed", "rail": "rail", "motorways": "motorways", "roads": "roads" };
    for (const [name, key] of Object.entries(line)) part(name).glyph.line_color = { value: colour(key) };
    part("proposals-casing").glyph.line_color = { value: card };
    const kinds = Object.fromEntries([...new Set(wholes.get(links).category)].map((name) => [name, colour(`proposed-${name}`)]));
    for (const source of [links, badges]) {
      const whole = wholes.get(source);
      whole.colour = [...whole.category].map((name) => kinds[name]);
      refresh(source);
    }
    placeLabels();
    for (const one of ringParts) one.glyph.line_color = { value: one.name === "rings-left" ? colour("ring-road") : one.name.startsWith("rings-whole-") ? colour(one.name.slice(0, 4) + one.name.slice(11)) : card };
    for (const one of parts) if (/^known-/.test(one.name)) one.glyph.line_color = { value: colour(one.name) };
    part("proposals-badges").glyph.fill_color = { value: card };
    part("proposals-numbers").glyph.text_color = { value: ink };
    fillCities();
    marks.glyph.line_color = { value: ink };
    part("labels-text").glyph.text_color = { value: ink };
    part("labels-halo").glyph.setv({ text_color: { value: card }, text_outline_color: { value: card } });
    const scale = Bokeh.documents[0].get_model_by_name("scale");
    scale.label_text_color = ink;
  };
  paint();
  target.dataset.ready = Math.round(performance.now()); /* milliseconds since the page was asked for */
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  let width = target.clientWidth;
  addEventListener("resize", () => {
    if (target.clientWidth === width) return;
    width = target.clientWidth;
    setTimeout(() => show(home), 150);
  });
})();
