// The JavaScript verifier, asked again and again: stdin has questions, each u32 size and bytes of a vkey, of a kept seal
// (size 0: none) and of a raw export. stdout gets one line for each: exit code, place or "-", integrity, completeness,
// words; with tabs between them.
import { readSync, writeSync } from 'node:fs';
import { verifyBytes } from '../independent/verify.mjs';

const read = (size) => {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const n = readSync(0, bytes, done, size - done, null);
    if (n === 0) return null;
    done += n;
  }
  return bytes;
};
const readCounted = () => {
  const head = read(4);
  return head === null ? null : read(head.readUInt32BE(0));
};

for (;;) {
  const vkey = readCounted();
  if (vkey === null) break;
  const against = readCounted();
  const r = verifyBytes(readCounted(), vkey.length ? vkey.toString('utf8') : null, against.length ? against : null);
  const judged = r.exit !== 3;
  const words = [r.exit, (judged && r.where) || '-', Number(judged && r.integrity), Number(judged && r.complete), r.text.replace(/[\t\n]/g, ' ')];
  writeSync(1, `${words.join('\t')}\n`);
}
