// Access tokens as todo-worker signs them. As a program: node tokens.mjs KEY_FILE OWNERS STEP prints a line for one owner of so
// many.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export const ownerId = (n) => `01980000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

// KEY: { kid, secret }. More claims, and another header, are for tokens that have to be refused.
export function sign(key, owner, claims = {}, header = {}) {
  const now = Math.floor(Date.now() / 1000);
  const text = [
    base64url({ alg: 'HS256', typ: 'JWT', kid: key.kid, ...header }),
    base64url({
      iss: 'todo-worker', aud: 'todo-worker', sub: owner, sid: '01980000-0000-7000-8000-00000000005e',
      iat: now, exp: now + 86400, ...claims,
    }),
  ].join('.');
  return `${text}.${createHmac('sha256', key.secret).update(text).digest('base64url')}`;
}

export function readKey(file) {
  const { kid, k } = JSON.parse(readFileSync(file, 'utf8')).keys[0];
  return { kid, secret: Buffer.from(k, 'base64url') };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file, owners, step] = process.argv.slice(2);
  const key = readKey(file);
  let lines = '';
  for (let owner = 0; owner < Number(owners); owner += Number(step)) {
    lines += `${sign(key, ownerId(owner))}\n`;
    if (lines.length < 1 << 20) continue; // no string of Node's holds those of two million
    process.stdout.write(lines);
    lines = '';
  }
  process.stdout.write(lines);
}
