import type { Recording } from './recording.ts';

/** What is answered in place of a recorded answer, on purpose. */
export interface Difference {
  /** The heading in docs/compatibility.md under which the reason stands. */
  readonly heading: string;
  /** The body's own comparison is replaced where this is set. */
  readonly status: number;
  readonly body: (recorded: unknown) => unknown;
  /** Account keys made (1) or gone (-1) through the request. */
  readonly keys?: 1 | -1;
}

/** A body with one error. */
export const error = (status: number, code: string, detail: string) => () => ({
  errors: [{ code, status: String(status), detail }],
});

const invalid = (field: string, rule: string, detail: string) => () => ({
  errors: [{ code: 'ValidationException', status: '422', detail, meta: { source_field: field, rule } }],
});

const notFound: Omit<Difference, 'heading'> = {
  status: 404,
  body: error(404, 'NotFoundHttpException', 'The requested resource could not be found on the server.'),
};

const badAddress = (text: string): Difference => ({
  heading: 'Bad addresses are 422',
  status: 422,
  body: invalid('allowed_ips.0', '', `"${text}" is not a valid IP address or CIDR range.`),
});

const takenDescription: Difference = {
  heading: 'Descriptions are unique',
  status: 422,
  body: invalid('description', 'unique', 'You already have an API key with this description.'),
};

/** Links of the recorded list, with the query parameters that the panel forgets. */
const linksWith = (query: string): Difference => ({
  heading: 'Links keep the query',
  status: 200,
  body: (recorded) =>
    JSON.parse(
      JSON.stringify(recorded).replaceAll('/allocations/free?page=', `/allocations/free?${query}&page=`),
    ),
});

const key = (identifier: string, description: string, ips: unknown, used: string | null) => ({
  object: 'api_key',
  attributes: {
    identifier,
    description,
    allowed_ips: ips,
    last_used_at: used,
    created_at: '2026-01-02T03:04:05+00:00',
  },
});

const ofCarol = (noIps: unknown) => [
  key('ptlc_CONFcarol01', 'acctCarol', noIps, null),
  key('ptlc_CONFcarol02', 'Café ☕ key', ['10.0.0.0/24', '::1'], '2026-02-03T04:05:06+00:00'),
];

/**
 * The recordings of either panel that are answered otherwise, by name.
 *
 * @param noIps how this panel shows a key that may be used from anywhere
 */
export function commonDifferences(noIps: unknown): Readonly<Record<string, Difference>> {
  const selfService = { heading: 'Users manage their own keys' };
  return {
    'own keys as owner account key': {
      ...selfService,
      status: 200,
      body: () => ({ object: 'list', data: [key('ptlc_CONFbob0001', 'acctBob', noIps, null)] }),
    },
    'auth list as acctCarol': {
      ...selfService,
      status: 200,
      body: () => ({ object: 'list', data: ofCarol(noIps) }),
    },
    'auth create as acctCarol': {
      ...selfService,
      status: 200,
      body: () => ({
        object: 'api_key',
        attributes: {
          identifier: '<identifier>',
          description: 'made',
          allowed_ips: [],
          last_used_at: null,
          created_at: '<now>',
        },
        meta: { secret_token: '<secret>' },
      }),
      keys: 1,
    },
    'auth delete as acctCarol': { ...selfService, status: 204, body: () => '', keys: -1 },
    'list user 1003abc': { heading: 'Ids are exact', ...notFound },
    'list user 01003': { heading: 'Ids are exact', ...notFound },
    'free node 02001': { heading: 'Ids are exact', ...notFound },
    'list user 1003%00': { heading: 'Ids are exact', ...notFound },
    'method spoof': {
      heading: 'Methods are taken as sent',
      status: 405,
      body: error(
        405,
        'MethodNotAllowedHttpException',
        'The POST method is not supported for route api/application/users/1003/api-keys/ptlc_CONFcarol02. Supported methods: GET, HEAD, PATCH, DELETE.',
      ),
    },
    '422 no accept header': {
      heading: 'Errors are always JSON',
      status: 422,
      body: invalid('description', 'required', 'The description field is required.'),
    },
    'create same description': takenDescription,
    'create same description other case': takenDescription,
    'create allowed_ips cidr 33': badAddress('1.2.3.4/33'),
    'create allowed_ips range reversed': badAddress('1.2.3.9-1.2.3.4'),
    'create allowed_ips nested': {
      heading: 'Bad addresses are 422',
      status: 422,
      body: invalid('allowed_ips.0', 'string', 'The allowed_ips.0 must be a string.'),
    },
    'delete case': { heading: 'Identifiers are exact', ...notFound },
    'free ?per_page=100': linksWith('per_page=100'),
    'free ?per_page=%205': linksWith('per_page=5'),
    'free ?per_page=5%20': linksWith('per_page=5'),
    'free ?per_page=%2B5': linksWith('per_page=5'),
    'free ?per_page=50&page=2&foo=bar': linksWith('per_page=50&foo=bar'),
    'free ?include=node': linksWith('include=node'),
    'free ?include=server': linksWith('include=server'),
    'free host header': linksWith('per_page=10'),
  };
}

/** Headings that hold for whole groups of recordings, checked for each of them. */
export const generalDifferences = {
  audit: 'Views and refusals are audited',
  node: 'Lists of ports tell about their node',
};

/**
 * A node of the recorded state, as `meta.node` shows it.
 *
 * @param location what this panel knows of where it stands
 */
export function nodeInfoOf(recording: Recording, location: unknown): unknown {
  const id = Number(/nodes\/(\d+)\//.exec(recording.request.path)?.[1]);
  const letter = 'abc'[id - 2001];
  return {
    id,
    uuid: `00000000-0000-4000-9000-00000000${id}`,
    name: `conf-${letter}`,
    fqdn: `conf-${letter}.conf.example`,
    location,
  };
}
