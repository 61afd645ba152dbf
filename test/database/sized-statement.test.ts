import fc from 'fast-check';
import { DummyDriver, Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely';
import { expect, test } from 'vitest';
import { SizedStatement } from '../../src/database/sized-statement.ts';

interface Tables {
  ports: { id: number; node: number; free: number };
}

/** A database that answers nothing and notes what it is asked. */
function noting() {
  const sent: { sql: string; parameters: readonly unknown[] }[] = [];
  const queries = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    },
    log: ({ query }) => {
      sent.push({ sql: query.sql, parameters: query.parameters });
    },
  });
  return { queries, sent };
}

const select = (queries: Kysely<Tables>, nodes: readonly number[]) =>
  queries
    .selectFrom('ports')
    .select('id')
    .where('free', '=', 1)
    .where('node', 'in', nodes)
    .where('id', '>', 7);

test('sends what the builder would have built for these values', async () => {
  const { queries, sent } = noting();
  const statement = new SizedStatement(select);

  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer(), { minLength: 1, maxLength: 20 }), async (nodes) => {
      await statement.run(queries, nodes);
      const { sql, parameters } = select(queries, nodes).compile();
      expect(sent.at(-1)).toEqual({ sql, parameters });
    }),
  );
});

test('repeats the last value of a list up to a power of two', async () => {
  const { queries, sent } = noting();
  const statement = new SizedStatement(select);

  for (const size of [1, 2, 3, 5, 8]) {
    await statement.find(
      queries,
      Array.from({ length: size }, (_, index) => index + 100),
    );
  }

  expect(sent.map(({ parameters }) => parameters.slice(1, -1))).toEqual([
    [100],
    [100, 101],
    [100, 101, 102, 102],
    [100, 101, 102, 103, 104, 104, 104, 104],
    [100, 101, 102, 103, 104, 105, 106, 107],
  ]);
});

test('builds each text once for each database', async () => {
  const [one, other] = [noting(), noting()];
  const built: number[] = [];
  const statement = new SizedStatement((queries: Kysely<Tables>, nodes: readonly number[]) => {
    built.push(nodes.length);
    return select(queries, nodes);
  });

  for (const { queries } of [one, one, other]) {
    await statement.run(queries, [1, 2]);
    await statement.run(queries, [3]);
  }

  expect(built).toEqual([2, 1, 2, 1]);
});
