// Says whether a run held, in one line: node verdict.mjs FOLDER. Ends with 0 when it did, with 1 when not.
import { headline, read, verdict } from './results.mjs';

const run = read(process.argv[2]);
console.log(headline(run));
process.exitCode = verdict(run).held ? 0 : 1;
