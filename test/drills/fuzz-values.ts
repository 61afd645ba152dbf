import fc from 'fast-check';
import { permissionNames } from '../../src/panel/permissions.ts';

/** Any text, of all kinds of characters. */
export const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', ' ', '\u00a0', '\u0000', '0', 'null', "'", '\\', 'é'.repeat(500), '😀'.repeat(501)),
);

/** Any text as a part of a path or a query. */
export const escaped = text.map((value) => encodeURIComponent(value.toWellFormed()));

/** What can stand in a header. */
export const headerText = fc.stringMatching(/^[!-~\u00a1-\u00ff][ -~\u00a1-\u00ff]{0,30}$/);

const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const entry = fc.oneof(
  { weight: 4, arbitrary: ip },
  { weight: 2, arbitrary: fc.tuple(ip, fc.integer({ min: -1, max: 130 })).map((pair) => pair.join('/')) },
  fc.tuple(ip, ip).map((pair) => pair.join('-')),
  fc.stringMatching(/^\d{1,3}\.(?:\d{1,3}|\*)\.\*\.\*$/),
  fc.ipV4Extended(),
  text,
);
const instant = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date('1950-01-01'), max: new Date('9999-12-31') })
    .map((date) => date.toISOString()),
  fc.constantFrom('2037-12-31T23:59:59Z', '2100-02-29', 'tomorrow', '0000-00-00 00:00:00'),
);
const seconds = fc.oneof(
  fc.integer({ min: -1, max: 100_000 }),
  fc.double(),
  fc.constantFrom(1e20, '60', ' 60'),
);
const anything = fc.jsonValue({ maxDepth: 2 });

/** As long as a key, and like one but for a character or two. */
const nearKey = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9_]{48}$/), fc.nat(47), fc.oneof(fc.constant('\0'), text))
  .map(([key, at, odd]) => [...key].toSpliced(at, 1, [...odd][0] ?? '-').join(''));

/** Cursors as this service writes them, for places that need not be there. */
const cursor = fc
  .array(fc.oneof(fc.maxSafeInteger(), fc.integer(), text), { minLength: 1, maxLength: 3 })
  .map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'));

/** A value that often is what is wanted, and else is anything at all. */
const mostly = (wanted: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: wanted }, { weight: 1, arbitrary: anything });

/** Fields of bodies, whichever endpoint they are sent to. */
const fields = fc.record(
  {
    description: mostly(text),
    allowed_ips: mostly(
      fc.oneof(fc.array(entry, { maxLength: 4 }), fc.dictionary(text, entry, { maxKeys: 3 })),
    ),
    expires_at: mostly(instant),
    expires_in: mostly(seconds),
    reference: mostly(text),
    permissions: mostly(fc.uniqueArray(fc.constantFrom(...permissionNames), { maxLength: 3 })),
    servers: mostly(fc.array(fc.stringMatching(/^[0-9a-fA-F]{8}$/), { maxLength: 3 })),
    grace_seconds: mostly(seconds),
    all: mostly(fc.constantFrom(true, false, 1, '0', 'true')),
    except: mostly(fc.array(text, { maxLength: 2 })),
    keys: mostly(fc.array(fc.oneof(nearKey, text), { maxLength: 10 })),
    count: mostly(fc.integer({ min: 0, max: 6 })),
    node_ids: mostly(fc.array(fc.nat(5), { maxLength: 3 })),
    location_ids: mostly(fc.array(fc.nat(5), { maxLength: 2 })),
    ...{ memory: mostly(fc.nat(2000)), disk: mostly(fc.nat(2000)) },
    ...{ consecutive: mostly(fc.boolean()), same_ip: mostly(fc.boolean()) },
    port_range: mostly(fc.tuple(fc.nat(70_000), fc.nat(70_000)).map((pair) => pair.join('-'))),
    prefer: mostly(fc.constantFrom('least-used', 'most-used', 'random', 'lowest')),
    ttl_seconds: mostly(fc.integer({ min: 0, max: 4000 })),
    ip: mostly(ip),
    _method: fc.constantFrom('DELETE', 'PATCH', 'x'),
    ['__proto__']: anything,
  },
  { requiredKeys: [] },
);

/** The fields that a creation cannot do without, and few others, so that many are made. */
const likely = fc.record(
  {
    description: text,
    allowed_ips: fc.array(fc.oneof({ weight: 9, arbitrary: ip }, { weight: 1, arbitrary: entry }), {
      maxLength: 2,
    }),
    reference: text,
    count: fc.integer({ min: 1, max: 3 }),
    ttl_seconds: fc.integer({ min: 1, max: 3600 }),
    expires_in: fc.integer({ min: 1, max: 100_000 }),
  },
  { requiredKeys: ['description', 'count'] },
);

const anyJson = fc.oneof(
  { weight: 9, arbitrary: likely },
  { weight: 4, arbitrary: fields },
  { weight: 1, arbitrary: anything },
);

/** Parts of a query whose values get as far as the database. */
const wellNamed = fc.oneof(
  fc.tuple(fc.constant('cursor'), fc.constant(''), cursor),
  fc.tuple(fc.constantFrom('filter[description]', 'filter[reference]'), fc.constant(''), escaped),
);

/** A name and value of a query. */
const anyPart = fc.tuple(
  fc.constantFrom(
    ...['per_page', 'page', 'include', 'description', 'allowed_ips', 'a[b]', 'cursor', 'sort', 'fields'],
    ...['filter', 'filter[port]', 'filter[user]', 'filter[expires_before]', 'filter[unused_since]'],
    ...[
      'filter[never_used]',
      'filter[permission]',
      'filter[reference]',
      'filter[description]',
      'filter[expired]',
    ],
    ...[
      'consecutive',
      'summary',
      'include_held',
      'filter[node_ids]',
      'filter[memory]',
      'filter[ip]',
      '__proto__',
    ],
  ),
  fc.constantFrom('', '', '', '[]', '[0]', '[x][y]', '[', ']'),
  fc.oneof(escaped, fc.integer().map(String), fc.double().map(String), fc.stringMatching(/^[!-~]{0,9}$/)),
);

/** A query with its question mark, or none. */
export const query = fc
  .array(fc.oneof({ weight: 3, arbitrary: anyPart }, { weight: 1, arbitrary: wellNamed }), { maxLength: 4 })
  .map((parts) =>
    parts.map(([name, index, value]) => `${name}${index}=${value}`.replaceAll('#', '')).join('&'),
  )
  .map((parts) => (parts === '' ? '' : `?${parts}`));

/** A body, well-formed or not. */
export const body = fc.oneof(
  { weight: 20, arbitrary: anyJson.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: anyJson.map((value) => JSON.stringify(value).slice(0, -1)) },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: query.map((parts) => parts.slice(1)) },
);
