import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bag, type Bagged } from '../../src/http/bag.ts';

test('holds what was put in and not taken out, like a set', () => {
  const steps = fc.array(fc.record({ item: fc.nat(9), isIn: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (taken) => {
      const items = Array.from({ length: 10 }, (): Bagged => ({}));
      const bag = new Bag<Bagged>();
      const model = new Set<Bagged>();
      for (const { item, isIn } of taken) {
        const thing = items[item] as Bagged;
        if (!isIn) {
          bag.delete(thing);
          model.delete(thing);
        } else if (!model.has(thing)) {
          bag.add(thing);
          model.add(thing);
        }
        expect(bag.size).toBe(model.size);
        expect(new Set(bag)).toEqual(model);
        // `toEqual` takes empty things for equal.
        expect([...bag].every((one) => model.has(one))).toBe(true);
      }
    }),
  );
});

test('may be taken from while it is gone through', () => {
  const items = [{}, {}, {}] as Bagged[];
  const bag = new Bag<Bagged>();
  for (const item of items) bag.add(item);
  let seen = 0;
  for (const item of bag) {
    seen += 1;
    bag.delete(item);
  }
  expect([seen, bag.size]).toEqual([3, 0]);
});
