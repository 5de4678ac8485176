// node agree_bundles.mjs DIR PAGE: reads DIR/expected.tsv (file, exit code, place, vkey or "-"), checks each bundle with the
// checker that stands in the page verify.html, and prints every verdict that differs. Exit code 0: none does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [dir, page] = process.argv.slice(2);
const code = /<script id="checker">([\s\S]*?)<\/script>/.exec(readFileSync(page, 'utf8'))[1];
const checkBundle = new Function(`${code}; return checkBundle;`)();
const lines = readFileSync(join(dir, 'expected.tsv'), 'utf8').trim().split('\n');
let differ = 0;
for (const line of lines) {
  const [file, exit, place, vkey] = line.split('\t');
  const said = await checkBundle(new Uint8Array(readFileSync(join(dir, file))), vkey === '-' ? '' : vkey)
    .catch((why) => ({ ok: null, wrong: { place: 'none: it stopped', words: why.stack } }));
  const mine = said.ok ? '0 -' : `1 ${said.wrong.place}`;
  // What ledger-verify knows too little for, the page calls wrong: it has one word for both.
  if (exit === '3' ? said.ok === false : mine === `${exit} ${place}`) continue;
  console.log(`${file}: ledger-verify says ${exit} ${place}, the page ${mine} ${said.wrong?.words ?? ''}`);
  differ++;
}
console.log(`${lines.length} bundles, ${differ} verdicts differ`);
process.exitCode = differ ? 1 : 0;
