import { randomInt } from 'node:crypto';

/** The items in an order of chance. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  const rest = [...items];
  const result: Item[] = [];
  while (rest.length > 0) result.push(...rest.splice(randomInt(rest.length), 1));
  return result;
}
