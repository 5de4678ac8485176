// Runs the checker that stands in a bundle's verify.html, without a browser: one JSON line an answer.
// usage: check_page.mjs verify.html VKEY BUNDLE...
import fs from 'node:fs';

const [page, vkey, ...bundles] = process.argv.slice(2);
const code = /<script id="checker">([\s\S]*?)<\/script>/.exec(fs.readFileSync(page, 'utf8'))[1];
const checkBundle = new Function(`${code}; return checkBundle;`)();
for (const bundle of bundles) {
  const r = await checkBundle(new Uint8Array(fs.readFileSync(bundle)), vkey);
  console.log(JSON.stringify({ ok: r.ok, keyGiven: r.keyGiven, wrong: r.wrong ?? null, checks: r.checks,
    seqs: r.entries.map((e) => e.seq), asked: [...(r.asked ?? [])], seals: r.seals }));
}
