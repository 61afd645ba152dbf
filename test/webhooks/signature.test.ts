import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Signer } from '../../src/webhooks/signature.ts';
import { signatureOf } from './support.ts';

test('id, timestamp in seconds, and a signature of both and the body', () => {
  const bytes = fc.uint8Array({ minLength: 24, maxLength: 64 });
  const instants = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
  return fc.assert(
    fc.asyncProperty(bytes, fc.uuid(), fc.string(), instants, async (key, id, body, now) => {
      const secret = `whsec_${Buffer.from(key).toString('base64')}`;
      const headers = new Signer(secret).sign(id, body, now);
      expect(headers).toEqual({
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': await signatureOf(secret, headers, body),
      });
    }),
  );
});

test('nothing that prints a signer shows its key', () => {
  const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYX';
  const signer = new Signer(`whsec_${key}`);
  const printed = inspect({ signer }, { depth: null, showHidden: true }) + JSON.stringify({ signer });
  expect(printed).not.toContain(key);
  expect(printed).not.toContain('00 01 02');
});
