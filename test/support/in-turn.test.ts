import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../.ci/in-turn', import.meta.url));

function inTurn(...commands: string[]) {
  const { status, stdout } = spawnSync(script, commands, { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('the last line counts what all commands have counted', () => {
  expect(inTurn("echo before; echo '5 passed, 0 failed'", "echo '7 passed, 0 failed'")).toEqual({
    status: 0,
    lines: ['before', '5 passed, 0 failed', '7 passed, 0 failed', '12 passed, 0 failed'],
  });
});

test('a failure of the first fails the whole, and the second runs all the same', () => {
  const { status, lines } = inTurn("echo '5 passed, 2 failed'; exit 1", "echo '7 passed, 0 failed'");
  expect(lines.at(-1)).toBe('12 passed, 2 failed');
  expect(status).toBe(1);
});

test.each(["echo '5 passed, 0 failed'; exit 3", 'exit 1', 'kill -9 $$'])(
  'a command that fails without counting a failure is one: %s',
  (command) => {
    const { status, lines } = inTurn(command, "echo '7 passed, 0 failed'");
    expect(lines.at(-1)).toMatch(/ passed, 1 failed$/);
    expect(status).toBe(1);
  },
);

test('a command that ends well without having counted anything is a failure too', () => {
  const { status, lines } = inTurn("echo '5 passed, 0 failed'", 'true');
  expect(lines.at(-1)).toBe('5 passed, 1 failed');
  expect(status).toBe(1);
});
