/**
 * The process of one hunt, or of one look whether a seed breaks: what it is asked stands in its arguments, what it found in its last line.
 */
import { hunt, type Hunt, isBroken, type Replay } from './hunt.ts';

const [verb, order = ''] = process.argv.slice(2);
const asked: unknown = JSON.parse(order);
const found = verb === 'hunt' ? await hunt(asked as Hunt) : { isBroken: await isBroken(asked as Replay) };
console.log(JSON.stringify(found));
