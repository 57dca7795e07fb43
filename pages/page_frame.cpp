#include "pages/page_frame_impl.hpp"

namespace betanet::pages {

// The columns of both tables are in line for all targets, because all are in
// one table. On a narrow screen each row becomes a block, whose labels come
// from here.
const std::string_view page_style = R"css(
:root { color-scheme: light dark; --bg: #f7f7f5; --card: #fff; --text: #1c1e21;
  --dim: #5d636b; --line: #e0e0da; --link: #1f5fa8; --good: #157a3c;
  --warn: #8a5a00; --bad: #c2252f; }
@media (prefers-color-scheme: dark) { :root { --bg: #131518; --card: #1b1e22;
  --text: #e7e8ea; --dim: #9aa1aa; --line: #2f343a; --link: #7db4f0;
  --good: #4cc27b; --warn: #e0a63c; --bad: #ff7377; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 84rem; padding: 1.2rem; background: var(--bg);
  color: var(--text); font: 15px/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .2rem 0 1rem; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
p { margin: .6rem 0; }
a { color: inherit; text-decoration-color: var(--dim);
  text-underline-offset: .2em; }
a:hover { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.dim, .old { color: var(--dim); font-weight: 400; }
.alarm { color: var(--bad); font-weight: 600; }
[hidden] { display: none; }
[data-state=up], [data-state=closed] { color: var(--good); }
[data-state=stale], [data-state=half_open] { color: var(--warn); }
[data-state=waiting] { color: var(--dim); }
[data-state=down], [data-state=open] { color: var(--bad); }
[data-lost] h1 { color: var(--dim); }
b { font-weight: 600; }
section { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; padding: .9rem 1rem .6rem; margin: 1rem 0; }
input { width: 100%; max-width: 26rem; padding: .45rem .7rem; font: inherit;
  color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; font-weight: 400;
  padding: .4rem 1rem .4rem 0; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--dim); font-size: .85rem; border: 0; padding-top: 0;
  white-space: nowrap; }
.url, td .dim { display: block; font-size: .85rem; }
.url { color: var(--dim); overflow-wrap: anywhere; }
.endpoints tbody th { min-width: 12rem; }
.endpoints td:last-child { min-width: 9rem; overflow-wrap: anywhere; }
@media (min-width: 76rem) { .endpoints tbody th { min-width: 20rem; } }
.endpoints td:nth-child(-n+5) { white-space: nowrap; }
.endpoints .target th { font-size: 1.05rem; padding-top: 1rem;
  overflow-wrap: anywhere; }
.endpoints .target a, .values tbody th { font-weight: 600; }
.endpoints .target .dim { display: inline; }
.endpoints .target + tr > * { border-top: 0; }
.values td, .values thead th + th { text-align: right; white-space: nowrap; }
.values tbody th { max-width: 22rem; overflow-wrap: anywhere; }
svg { width: 60px; height: 16px; vertical-align: -2px; fill: none;
  stroke: var(--link); stroke-width: 1.3; stroke-linecap: round;
  stroke-linejoin: round; }
.values svg, dd svg { margin-left: .6rem; }
.endpoints svg { stroke-width: 2; stroke-linecap: butt; }
.good { stroke: var(--good); }
.partial { stroke: var(--warn); }
.bad { stroke: var(--bad); }
dl { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin: 0 0 1rem; }
dt { color: var(--dim); font-size: .85rem; }
dd { margin: 0; font-size: 1.25rem; }
dd svg { width: 90px; height: 24px; vertical-align: -5px; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: 1rem 0; }
@media (max-width: 56rem) {
  body { padding: .8rem; }
  section { padding: .7rem .8rem .4rem; }
  thead { display: none; }
  tr { display: block; border-top: 1px solid var(--line); padding: .4rem 0; }
  th, td { border: 0; padding: .1rem 0; }
  .endpoints th, .endpoints .target th { display: block; min-width: 0;
    padding: .1rem 0; }
  .endpoints .target + tr { border-top: 0; }
  .endpoints td, .endpoints td:last-child { display: block; min-width: 0;
    position: relative; padding-left: 7.5rem; }
  .endpoints td:nth-child(-n+5) { white-space: normal; }
  .endpoints td .dim { display: inline; }
  .endpoints td::before { color: var(--dim); position: absolute; left: 0; }
  td:nth-child(2)::before { content: "State"; }
  td:nth-child(3)::before { content: "Breaker"; }
  td:nth-child(4)::before { content: "Last good poll"; }
  td:nth-child(5)::before { content: "Last polls"; }
  td:nth-child(6)::before { content: "Last error"; }
  .values tr { display: grid; grid-template-columns: repeat(3, 1fr);
    gap: .1rem .8rem; }
  .values thead { display: none; }
  .values th { grid-column: 1 / -1; max-width: none; }
  .values td { text-align: left; }
  .values td::before { display: block; color: var(--dim); font-size: .8rem; }
  .values td:nth-child(2)::before { content: "Peers"; }
  .values td:nth-child(3)::before { content: "Active mixnodes"; }
  .values td:nth-child(4)::before { content: "Throughput"; }
  .values td:nth-child(5)::before { content: "Loss"; }
  .values td:nth-child(6)::before { content: "Latency"; }
  .values svg { display: block; margin: 0; }
}
)css";

// The page is fetched again and what has changed is put into it, so that a
// selected text, the focus and the place on the page stay. A URL with a user
// and a password must not be fetched (Fetch standard, "Request" constructor);
// the browser sends the login that it has used for the page.
const std::string_view page_script = R"js(
const filter = document.getElementById("filter");
const lost = document.getElementById("lost");
let query = location.search;
let turn = 0;
let timer;
function change(old, fresh) {
  if (old.nodeName !== fresh.nodeName)
    return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data)
      old.data = fresh.data;
    return;
  }
  for (const {name} of [...old.attributes])
    if (!fresh.hasAttribute(name))
      old.removeAttribute(name);
  for (const {name, value} of fresh.attributes)
    if (old.getAttribute(name) !== value)
      old.setAttribute(name, value);
  const present = [...old.childNodes];
  const wanted = [...fresh.childNodes];
  wanted.forEach((n, i) => present[i] ? change(present[i], n) : old.append(n));
  present.slice(wanted.length).forEach(n => n.remove());
}
// Without an answer, neither the tab nor the headline says that all is well.
function tell(problem) {
  lost.hidden = !problem;
  lost.textContent = problem + ": this is what it said last.";
  document.body.toggleAttribute("data-lost", problem !== "");
  if (!problem)
    return;
  document.title = problem + " - Betanet exporter";
  const icon = document.querySelector("link");
  icon.href = icon.href.replace(/%23[0-9a-f]+/, "%23888");
}
function show(page) {
  document.title = page.title;
  for (const part of ["header", "main", "link"])
    change(document.querySelector(part), page.querySelector(part));
}
async function look() {
  clearTimeout(timer);
  const mine = ++turn;
  const began = performance.now();
  let problem = "";
  try {
    const url = new URL(location.pathname + query, location.href);
    url.username = url.password = "";
    const answer = await fetch(url,
      {cache: "no-store", signal: AbortSignal.timeout(10000)});
    if (!answer.ok)
      throw "The exporter answers with status " + answer.status;
    const text = await answer.text();
    if (mine !== turn)
      return;
    show(new DOMParser().parseFromString(text, "text/html"));
    document.body.dataset.live = "";
  } catch (e) {
    problem = typeof e === "string" ? e : "The exporter does not answer";
  }
  if (mine !== turn)
    return;
  tell(problem);
  if (!document.hidden)
    timer = setTimeout(look, Math.max(2000, 10 * (performance.now() - began)));
}
document.addEventListener("visibilitychange", () => document.hidden || look());
if (filter) {
  filter.hidden = false;
  filter.addEventListener("input", () => {
    query = filter.value ? "?filter=" + encodeURIComponent(filter.value) : "?";
    history.replaceState(null, "", query);
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  });
}
look();
)js";

} // namespace betanet::pages
