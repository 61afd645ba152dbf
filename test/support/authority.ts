import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPrograms } from './programs.ts';

const run = promisify(execFile);

/** A private certificate authority, and a certificate that it has signed for this machine. */
export interface Authority {
  /** The file of the authority's own certificate. */
  readonly caFile: string;
  /** For 127.0.0.1, and no name; PEM. */
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

/** Makes an authority for a test, in a folder of its own. */
export async function createAuthority(): Promise<Authority> {
  const { openssl } = await findPrograms(['openssl'], 'openssl');
  const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-authority-'));
  const file = (name: string) => join(folder, name);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const common = [...request, '-days', '2'];
  await run(openssl, [
    ...[...common, '-subj', '/CN=Test Authority', '-keyout', file('ca.key'), '-out', file('ca.pem')],
    ...['-addext', 'keyUsage=critical,keyCertSign'],
  ]);
  await run(openssl, [
    ...[...common, '-subj', '/CN=receiver', '-keyout', file('leaf.key'), '-out', file('leaf.pem')],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  ]);
  return {
    caFile: file('ca.pem'),
    cert: readFileSync(file('leaf.pem'), 'utf8'),
    key: readFileSync(file('leaf.key'), 'utf8'),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
