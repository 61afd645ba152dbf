import type { Encrypter } from '../panel/encrypter.ts';
import type { Table } from './schema/types.ts';
import type { DemoSeed, KeyPrefixes } from './seed.ts';

/** What SQLite stores in a column. */
export type CellValue = string | number | null;

/** Rows of one table, all with the same columns. */
export interface TableRows {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, CellValue>>[];
}

/** A panel that the demo can be made as. */
export interface DemoKind {
  /** The panel's name, for people. */
  readonly name: string;
  readonly tables: readonly Table[];
  readonly keyPrefixes: KeyPrefixes;
  /** How this panel stores what the seed says. Foreign keys hold once all rows are there. */
  rows(seed: DemoSeed, encrypter: Encrypter): readonly TableRows[];
}
