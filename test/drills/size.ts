import { hash } from 'node:crypto';

/** Whether drills run at full size (`npm run drills`), or at about a twentieth of it, as among the other tests. */
export const isFull = process.env.DRILL_SIZE === 'full';

/** The size of something at either. */
export function sized<Size>(full: Size, small: Size): Size {
  return isFull ? full : small;
}

/** The seed of all that a drill does at random: `DRILL_SEED`, or a new one. */
export const seed = Number(process.env.DRILL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Longest time of a test that is a drill, in milliseconds. */
export const drillTimeout = sized(900_000, 120_000);

/** Tells what a drill has found so far, in one line; at full size only. */
export function tell(drill: string, figures: Readonly<Record<string, string | number>>): void {
  if (!isFull) return;
  const list = Object.entries({ ...figures, seed }).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${drill}: ${list.join(', ')}\n`);
}

/** Numbers from 0 up to 1 that are the same for equal starts. */
export function randomFrom(start: number): () => number {
  let count = 0;
  return () => {
    count += 1;
    return hash('sha256', `${start} ${count}`, 'buffer').readUInt32BE() / 2 ** 32;
  };
}
