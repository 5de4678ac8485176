// node agree.mjs DIR: reads DIR/expected.tsv (file, exit code, place, integrity, completeness, vkey or "-"), verifies
// each file, and prints every verdict that differs. Exit code 0: none does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyFile } from './verify.mjs';

const dir = process.argv[2];
const lines = readFileSync(join(dir, 'expected.tsv'), 'utf8').trim().split('\n');
let differ = 0;
for (const line of lines) {
  const [file, exit, where, integrity, complete, vkey] = line.split('\t');
  const r = verifyFile(join(dir, file), vkey === '-' ? null : vkey);
  const mine = r.exit === 3 ? [r.exit, '-', '0', '0'] : [r.exit, r.where || '-', Number(r.integrity), Number(r.complete)];
  const theirs = [exit, where, integrity, complete];
  if (mine.join() !== theirs.join()) {
    console.log(`${file}: the C verifier says ${theirs.join(' ')}, this one ${mine.join(' ')}: ${r.text}`);
    differ++;
  }
}
console.log(`${lines.length} exports, ${differ} verdicts differ`);
process.exitCode = differ ? 1 : 0;
