import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostOf } from '../../src/http/host.ts';

describe('hostOf', () => {
  test.each([
    ['panel.test', 'panel.test'],
    ['PANEL.Test', 'panel.test'],
    ['panel.test:8080', 'panel.test:8080'],
    ['panel.test:80', 'panel.test'],
    ['panel.test:443', 'panel.test:443'],
    ['panel.test:65535', 'panel.test:65535'],
    ['localhost', 'localhost'],
    ['a_b-c.d.', 'a_b-c.d.'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1:8091', '127.0.0.1:8091'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:8091', '[2001:db8::1]:8091'],
    ['[::1]:80', '[::1]'],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]'],
    ['12345', '12345'],
    ['xn--bcher-kva.test', 'xn--bcher-kva.test'],
  ])('reads %s as %s', (text, host) => {
    expect(hostOf(text, 'http', undefined)).toBe(host);
  });

  test.each([
    '',
    ' ',
    ' panel.test',
    'panel.test ',
    'panel test',
    'panel.test:',
    'panel.test:0',
    'panel.test:080',
    'panel.test:65536',
    'panel.test:99999',
    'panel.test:8a',
    'panel.test:80:80',
    'panel..test',
    '.panel.test',
    'panel.test/path',
    'panel.test?query',
    'panel.test#part',
    'user@panel.test',
    'panel.test\\',
    'panel.test\n',
    'panel.test,other.test',
    '<script>',
    'bücher.test',
    '1.2.3.999',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.4.',
    '::1',
    '[::1',
    '::1]',
    '[]',
    '[1.2.3.4]',
    '[::1]8080',
    '[fe80::1%eth0]',
    '[:::]',
  ])('refuses %j', (text) => {
    expect(hostOf(text, 'http', undefined)).toBeNull();
    expect(hostOf(text, 'https', '8443')).toBeNull();
  });

  test('has none without a header', () => {
    expect(hostOf(undefined, 'http', '8080')).toBeNull();
  });

  test('takes the port from elsewhere where there is none, and not the own one of the scheme', () => {
    expect(hostOf('a', 'http', '8080')).toBe('a:8080');
    expect(hostOf('[::1]', 'https', '8443')).toBe('[::1]:8443');
    expect(hostOf('a:9000', 'http', '8080')).toBe('a:9000');
    expect(hostOf('a:80', 'http', '8080')).toBe('a');
    expect(hostOf('a', 'http', '80')).toBe('a');
    expect(hostOf('a', 'https', '443')).toBe('a');
  });

  test('gives nothing that a link could not hold', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'aZ09-_.:[]/@ %\\'), maxLength: 20 });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
        const host = hostOf(text, 'https', undefined);
        if (host !== null) expect(host).toMatch(/^(\[[\da-f:.]+\]|[a-z\d_.-]+)(:\d+)?$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes no long time for a long name', () => {
    const started = performance.now();
    expect(hostOf(`${'a'.repeat(100_000)}!`, 'http', undefined)).toBeNull();
    expect(hostOf(`${'a.'.repeat(50_000)}!`, 'http', undefined)).toBeNull();
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
