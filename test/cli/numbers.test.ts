import { describe, expect, it } from 'vitest';
import { parseDays, parseGrace, parseWorkers } from '../../src/cli/numbers.ts';
import { run } from '../support/cli.ts';

describe('numbers on the command line', () => {
  it.each(['0', '30', '99999'])('%s days', (text) => {
    expect(parseDays(text)).toBe(Number(text));
  });

  it.each(['', '-1', '1.5', '1e3', ' 1', '0x10', '100000', 'x'])('"%s" is no number of days', (text) => {
    expect(() => parseDays(text)).toThrow('give a whole number of days');
  });

  it.each(['0', '60', '604800'])('%s seconds of grace', (text) => {
    expect(parseGrace(text)).toBe(Number(text));
  });

  it.each(['', '-1', '1.5', '604801', '1000000', 'x'])('"%s" is no grace', (text) => {
    expect(() => parseGrace(text)).toThrow('give a whole number of seconds, at most 604800');
  });

  it.each([
    ['1', 1],
    ['64', 64],
    ['auto', 'auto'],
  ])('%s workers', (text, workers) => {
    expect(parseWorkers(text)).toBe(workers);
  });

  it.each(['', '0', '-1', '1.5', '65', '100', 'all', 'Auto'])('"%s" is no number of workers', (text) => {
    expect(() => parseWorkers(text)).toThrow('give a whole number from 1 to 64, or auto');
  });

  it('a wrong one is told of in one line', async () => {
    const { code, stdout, stderr } = await run([
      'keys',
      'prune',
      '--panel',
      '/nowhere',
      '--unused-days',
      'x',
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^panel-sidecar: option '--unused-days <n>' .*give a whole number of days\n$/);
  });
});
