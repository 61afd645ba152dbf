import type { Database, Queries } from './database.ts';

/** Runs `work` in a transaction and undoes it. @throws whatever `work` does. */
export async function rolledBack(
  database: Database,
  work: (queries: Queries) => Promise<unknown>,
): Promise<void> {
  const undo = new Error('rolled back on purpose');
  try {
    await database.transaction(async (queries) => {
      await work(queries);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
}
