"use strict";
/* The curve of coverage over money: a line a tier for the rings that are chosen; taps and keys choose a plan. */
(() => {
  const svg = document.getElementById("curve");
  if (!svg) return;
  const { data, reached, totals, choose, shown } = explore;
  const { plans } = data;
  const radios = [...document.querySelectorAll("#choices input")];
  const lines = new Map();
  plans.forEach((plan, at) => lines.set(plan.rings, [...(lines.get(plan.rings) ?? []), at]));
  const byBudget = (one, other) => plans[one].budget - plans[other].budget;
  for (const line of lines.values()) line.sort(byBudget);

  /* The line of a plan: those of its choice; a plan alone joins the first line. */
  const lineOf = (at) => {
    const own = lines.get(plans[at].rings);
    const long = [own, ...lines.values()].find((line) => line.length > 1) ?? [];
    return own === long ? own : [...long.filter((one) => plans[one].budget !== plans[at].budget), at].sort(byBudget);
  };

  const counts = plans.map((plan) => (plan.cost === null ? null : reached(plan)));
  const shares = counts.map((found) => found?.map((one, tier) => (totals[tier] ? one / totals[tier] : 0)));
  const start = reached({ order: [] }).map((one, tier) => (totals[tier] ? one / totals[tier] : 0));
  const names = ["all", ...data.tiers];
  const changing = names.map((name, tier) => !tier || shares.some((one) => one && one[tier] - start[tier] >= 0.002));
  const known = [start, ...shares.filter(Boolean)].flatMap((one) => one.filter((value, tier) => changing[tier]));
  const top = Math.min(1, Math.max(...known, ...plans.map((plan, at) => (shares[at]?.[0] ?? 0) + plan.more)) + 0.02);
  const bottom = Math.max(0, Math.min(...known) - 0.04);
  const right = Math.max(1, ...plans.map((plan) => plan.budget ?? 0)) * 1.03;

  const draw = (tag, look, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(look)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    svg.append(element);
    return element;
  };
  const ticks = (low, high, most) => {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const unit = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
    return Array.from({ length: Math.floor(high / unit) - Math.ceil(low / unit) + 1 }, (_, at) => (Math.ceil(low / unit) + at) * unit);
  };

  let spots = [];
  const paint = () => {
    const wide = svg.clientWidth;
    const high = Math.round(Math.max(230, Math.min(340, wide * 0.4)));
    svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    svg.setAttribute("height", high);
    svg.replaceChildren();
    const [left, end, foot] = [48, wide - 92, high - 40];
    const x = (money) => left + ((end - left) * money) / right;
    const y = (share) => foot - ((foot - 16) * (share - bottom)) / (top - bottom);
    const [divisor, unit] = data.axis;
    for (const share of ticks(bottom, top, 5)) {
      draw("line", { x1: left, x2: end, y1: y(share), y2: y(share), class: "grid" });
      draw("text", { x: left - 6, y: y(share) + 4, class: "tick", "text-anchor": "end" }, `${Math.round(100 * share)} %`);
    }
    for (const money of ticks(0, right / divisor, wide < 600 ? 4 : 8)) draw("text", { x: x(money * divisor), y: foot + 16, class: "tick", "text-anchor": "middle" }, money ? money.toLocaleString("en") : "today");
    draw("text", { x: (left + end) / 2, y: high - 6, class: "tick", "text-anchor": "middle" }, `${data.budget === null ? "Cost" : "Budget"}, ${unit}`);
    if (data.budget !== null) {
      draw("line", { x1: x(data.budget), x2: x(data.budget), y1: 16, y2: foot, class: "mark" });
      draw("text", { x: x(data.budget), y: 11, class: "tick", "text-anchor": "middle" }, "budget of the job");
    }
    const now = shown();
    const line = lineOf(now);
    const path = (members, tier) => {
      let [points, share] = [`M${x(0)},${y(start[tier])}`, start[tier]];
      for (const at of members) {
        if (!shares[at]) continue;
        points += `H${x(plans[at].budget)}V${y(shares[at][tier])}`;
        share = shares[at][tier];
      }
      return [`${points}H${end}`, share];
    };
    for (const other of lines.values()) if (other.length > 1 && other !== line && other[0] !== line[0]) draw("path", { d: path(other, 0)[0], class: "curve-line other" });
    line.forEach((at, place) => {
      if (!plans[at].more || !shares[at]) return;
      const until = place + 1 < line.length ? x(plans[line[place + 1]].budget) : end;
      const upper = y(shares[at][0] + plans[at].more);
      draw("rect", { x: x(plans[at].budget), width: until - x(plans[at].budget), y: upper, height: y(shares[at][0]) - upper, class: "band" });
    });
    const ends = [];
    [...names.keys()].reverse().forEach((tier) => {
      const name = names[tier];
      if (!changing[tier]) return;
      const [d, share] = path(line, tier);
      draw("path", { d, class: `curve-line tier-${name}` });
      ends.push([y(share), name]);
      draw("circle", { cx: x(0), cy: y(start[tier]), r: 4, class: `dot-${name} tier-${name} today` });
      for (const at of line) if (shares[at]) draw("circle", { cx: x(plans[at].budget), cy: y(shares[at][tier]), r: at === now ? 7 : 4, class: `dot-${name} tier-${name}${at === now ? " now" : ""}` });
    });
    for (const at of line) if (!shares[at]) draw("text", { x: x(plans[at].budget), y: foot - 4, class: at === now ? "none now" : "none", "text-anchor": "middle" }, "×");
    draw("line", { x1: x(plans[now].budget), x2: x(plans[now].budget), y1: 16, y2: foot, class: "mark now" });
    let above = -4;
    for (const [at, name] of ends.sort(([one], [other]) => one - other)) {
      above = Math.max(at + 4, above + 17);
      draw("text", { x: end + 8, y: above, class: `tier-${name} of-tier` }, name);
    }
    spots = line.map((at) => [x(plans[at].budget), at]);
    const place = line.indexOf(now);
    for (const [name, value] of Object.entries({ min: 0, max: line.length - 1, now: place, text: `${plans[now].words} ${plans[now].note}` })) svg.setAttribute(`aria-value${name}`, value);
    for (const radio of radios) radio.checked = radio.value === plans[now].rings;
  };

  const take = (at) => {
    if (at === undefined || at === shown()) return;
    choose(at);
    if (location.protocol !== "about:") history.replaceState(null, "", `#state=${encodeURIComponent(plans[at].name)}`);
  };
  svg.addEventListener("click", (event) => {
    const across = event.clientX - svg.getBoundingClientRect().left;
    take(spots.reduce((one, other) => (Math.abs(other[0] - across) < Math.abs(one[0] - across) ? other : one))[1]);
  });
  svg.addEventListener("keydown", (event) => {
    const line = lineOf(shown());
    const here = line.indexOf(shown());
    const next = { ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1, Home: 0, End: line.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    take(line[next]);
  });
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      const budget = plans[shown()].budget;
      take(lines.get(radio.value).reduce((one, other) => (Math.abs(plans[other].budget - budget) < Math.abs(plans[one].budget - budget) ? other : one)));
    });
  }
  const follow = () => {
    const name = new URLSearchParams(location.hash.slice(1)).get("state");
    const at = plans.findIndex((plan) => plan.name === name);
    if (at >= 0 && at !== shown()) choose(at);
  };
  explore.onChange((isNew) => { if (isNew) paint(); });
  addEventListener("resize", paint);
  addEventListener("hashchange", follow);
  paint();
  follow();
})();
