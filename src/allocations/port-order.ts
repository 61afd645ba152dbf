import { type Expression, type SqlBool, sql } from 'kysely';
import type { AllocationRow } from './allocation.ts';

/** What a list of ports can be ordered by; `-` in front turns it round. */
export interface PortOrder {
  readonly by: 'id' | 'ip' | 'port';
  readonly isDescending: boolean;
}

/** The order of a list that asks for none. */
export const defaultOrder: PortOrder = { by: 'id', isDescending: false };

/** Reads `sort`; as in the panel, what is no order of this list counts as none. */
export function parseOrder(text: unknown): PortOrder {
  const [, minus, by] = typeof text === 'string' ? (/^(-?)(id|ip|port)$/.exec(text) ?? []) : [];
  return by === undefined ? defaultOrder : { by: by as PortOrder['by'], isDescending: minus === '-' };
}

// Each order goes on until it tells any two ports apart. The panel's own index has address and port of a node
// in this order.
const columnsOf = {
  id: ['id'],
  ip: ['ip', 'port', 'id'],
  port: ['port', 'ip', 'id'],
} as const;

/** The columns that tell any two ports apart. An address and a port do so by themselves on one node. */
function tellingColumns({ by }: PortOrder, isOneNode: boolean): readonly ('id' | 'ip' | 'port')[] {
  return isOneNode && by !== 'id' ? columnsOf[by].filter((column) => column !== 'id') : columnsOf[by];
}

/** The terms of ORDER BY, on the ports `a`. @param isOneNode Whether all ports are on one node. */
export function orderTerms(order: PortOrder, isOneNode: boolean): readonly Expression<unknown>[] {
  return tellingColumns(order, isOneNode).map((column) =>
    order.isDescending ? sql`${sql.ref(`a.${column}`)} desc` : sql`${sql.ref(`a.${column}`)} asc`,
  );
}

/** How many values a cursor of this order holds. */
export function cursorLength(order: PortOrder): number {
  return columnsOf[order.by].length;
}

/** Largest value of a number column that every supported database compares. */
const largestNumber = 2_147_483_647;

/** Whether values of a cursor are of the kinds that this order's columns have. */
export function isPlace(values: readonly (string | number)[], order: PortOrder): boolean {
  return columnsOf[order.by].every((column, index) => {
    const value = values[index];
    if (column === 'ip') return typeof value === 'string' && !value.includes('\0');
    return typeof value === 'number' && value >= 0 && value <= largestNumber;
  });
}

/** The place of a row in this order. */
export function placeOf(row: AllocationRow, order: PortOrder): readonly (string | number)[] {
  return columnsOf[order.by].map((column) => row[column]);
}

/**
 * Conditions that together hold for what comes after a place, each for a stretch of it, nearest first. Asked
 * one after the other, every one of them is a range of an index; as one condition with OR they are none.
 */
export function stretchesAfter(
  order: PortOrder,
  place: readonly (string | number)[],
  isOneNode: boolean,
): readonly (readonly Expression<SqlBool>[])[] {
  const columns = tellingColumns(order, isOneNode);
  const beyond = order.isDescending ? sql`<` : sql`>`;
  return columns
    .map((column, index) => [
      ...columns.slice(0, index).map((equal, at) => sql<SqlBool>`${sql.ref(`a.${equal}`)} = ${place[at]}`),
      sql<SqlBool>`${sql.ref(`a.${column}`)} ${beyond} ${place[index]}`,
    ])
    .reverse();
}

/** The same as one condition: where no index gives the order, each stretch would read all ports again. */
export function allAfter(
  order: PortOrder,
  place: readonly (string | number)[],
  isOneNode: boolean,
): Expression<SqlBool> {
  const stretches = stretchesAfter(order, place, isOneNode).map(
    (conditions) => sql`(${sql.join(conditions, sql` and `)})`,
  );
  return sql<SqlBool>`(${sql.join(stretches, sql` or `)})`;
}

/** Whether an index of the panel's gives an order. @param isOneAddress Whether all ports are on one address. */
export function hasIndex({ by }: PortOrder, isOneNode: boolean, isOneAddress: boolean): boolean {
  return by === 'id' || (isOneNode && (by === 'ip' || isOneAddress));
}
