import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, startCommand } from '../support/cli.ts';

it('prints, without a panel, the document that a running service answers', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'panel-sidecar-openapi-'));
  const printed = await run(['openapi'], { cwd: empty });
  rmSync(empty, { recursive: true });
  const demo = startCommand(['demo', '--listen', '127.0.0.1:0']);
  const [, url] = await demo.printed(/^Address +(\S+)$/m);
  const answered = await (await fetch(`${url}/openapi.json`)).json();
  demo.process.kill('SIGTERM');
  await demo.finished;

  expect(printed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(printed.stdout)).toEqual(answered);
  expect(answered).toMatchObject({ openapi: '3.1.0' });
});

it('ends quietly when its reader has seen enough', async () => {
  const { process, finished } = startCommand(['openapi']);
  process.stdout.destroy();
  expect(await finished).toEqual({ code: 0, stdout: '', stderr: '' });
});
