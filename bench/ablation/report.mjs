// Makes a page of the rows: node report.mjs FOLDER ENVIRONMENT. The folder has rows.json and a folder for each row.
import { readFileSync } from 'node:fs';
import { table } from '../markdown.mjs';
import { milliseconds, number, read, seriesOf } from '../million/results.mjs';
import { outcome } from './outcome.mjs';

const [folder, environment] = process.argv.slice(2);
const { command, rows } = JSON.parse(readFileSync(`${folder}/rows.json`, 'utf8'));

const done = rows.map((row) => ({ ...row, ...outcome(read(`${folder}/${row.name}`), seriesOf(`${folder}/${row.name}`)) }));
const link = ({ name }) => `[${name}](${name}/README.md)`;
const line = (row) => [
  link(row), row.what, `${number(row.users)} users, ${number(row.rate)}/s`, row.held ? 'held' : `**fails**, ${row.where}`,
  number(row.most), `${number(row.goodput)}/s`, milliseconds(row.p99),
];
const compared = ({ against }) => (against ? `; beside it: [${against}](${against}/README.md)` : '');

console.log(`# What each measure is for, ${new Date().toISOString().slice(0, 10)}

    ${command}

Each row is a run of \`./todo bench million\` without one thing, everything else as it is. The users, their pace and the machine
are those of its run; the rows \`nothing\`, \`single\` and \`crowd\` have nothing taken away.

${table(['run', 'without', 'asked for', 'what came of it', 'most users connected at once', 'good answers', 'p99, ms'], done.map(line))}

How each of them failed:

${done.filter(({ held }) => !held).map((row) => `* **${row.name}**: ${row.reasons.join('; ')}${compared(row)}.`).join('\n')}

"From N users on" is the number of users who were connected in the second in which the first error was counted; "with N users
connected" is a failure that came only when all who could be were there and asked. Good answers and p99 are those of the phase after
the ramp, and p99 counts from the moment at which a request ought to have been sent.
${readFileSync(environment, 'utf8')}`);
