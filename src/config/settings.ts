import { type Static, Type } from 'typebox';
import { permissionNames } from '../panel/permissions.ts';

/**
 * Every setting of the service, in the order the published file lists them: its type, its bounds, its
 * default, the environment variable that overrides it (`env`), and what it does. The file, the checks, the
 * defaults and the table in the README all come from here.
 */
export const settingsSchema = Type.Object(
  {
    api_key: Type.Object(
      {
        max_keys_per_user: Type.Integer({
          minimum: 0,
          maximum: 10_000,
          default: 5,
          env: 'CLIENT_API_MAX_KEYS_PER_USER',
          description: 'Most account keys a user may have, those made in the panel included.',
        }),
        unique_description: Type.Boolean({
          default: true,
          env: 'CLIENT_API_UNIQUE_DESCRIPTION',
          description: 'Refuse a description that another key of the same user has, whatever its case.',
        }),
        self_service: Type.Boolean({
          default: true,
          env: 'CLIENT_API_SELF_SERVICE',
          description: 'Let users manage the keys of their own account with a key of that account.',
        }),
        allow_admin_targets: Type.Boolean({
          default: false,
          env: 'CLIENT_API_ALLOW_ADMIN_TARGETS',
          description:
            "Let a key with write access to users make keys of admins. Such a key is worth an admin's powers.",
        }),
        default_permissions: Type.Array(Type.Enum(permissionNames), {
          default: ['user.read', 'server.read'],
          uniqueItems: true,
          description: 'Permissions of a new key that names none, while scopes are enforced; else nothing.',
        }),
      },
      { additionalProperties: false, description: 'Client API keys.' },
    ),
    allocations: Type.Object(
      {
        show_free_only: Type.Boolean({
          default: true,
          env: 'CLIENT_API_SHOW_FREE_ONLY',
          description: 'List only ports that no server has; false lists the assigned ones too.',
        }),
        include_node_info: Type.Boolean({
          default: true,
          env: 'CLIENT_API_INCLUDE_NODE_INFO',
          description: 'Add meta.node to the list, for callers who may read nodes.',
        }),
        max_per_page: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 100,
          env: 'CLIENT_API_ALLOCATIONS_MAX_PER_PAGE',
          description: 'Largest page a caller may ask for.',
        }),
      },
      { additionalProperties: false, description: 'Free ports.' },
    ),
    audit: Type.Object(
      {
        views: Type.Boolean({
          default: true,
          env: 'CLIENT_API_AUDIT_VIEWS',
          description: "Record who listed what in the panel's activity log, before the answer is sent.",
        }),
        refusals: Type.Boolean({
          default: true,
          env: 'CLIENT_API_AUDIT_REFUSALS',
          description: 'Record callers with a valid key who were refused (403).',
        }),
      },
      { additionalProperties: false, description: 'The audit log. Changes are always recorded.' },
    ),
    claims: Type.Object(
      {
        max_held: Type.Integer({
          minimum: 1,
          maximum: 100_000,
          default: 500,
          env: 'SIDECAR_CLAIMS_MAX_HELD',
          description: 'Most ports that the claims of one user may hold at once.',
        }),
      },
      { additionalProperties: false, description: 'Claims of free ports.' },
    ),
    scopes: Type.Object(
      {
        enforce: Type.Boolean({
          default: false,
          env: 'SIDECAR_SCOPES_ENFORCE',
          description:
            'Accept permissions of keys. Only once the web server asks /authorize before each API request, as the documentation shows.',
        }),
        proxy: Type.Enum(['nginx', 'caddy', 'traefik'], {
          default: 'nginx',
          env: 'SIDECAR_SCOPES_PROXY',
          description: 'The web server that asks, which decides the headers that are read.',
        }),
        authorize_from: Type.String({
          default: '127.0.0.1,::1',
          env: 'SIDECAR_SCOPES_AUTHORIZE_FROM',
          description: 'Addresses and CIDR ranges, with commas between, that may ask /authorize.',
        }),
      },
      { additionalProperties: false, description: 'What keys may do, enforced at the web server.' },
    ),
    webhooks: Type.Object(
      {
        endpoints: Type.Array(
          Type.Object(
            {
              url: Type.String({ pattern: '^https://', description: 'an address that begins with https://' }),
              secret: Type.String({
                pattern: '^whsec_[A-Za-z0-9+/]{32,}=*$',
                writeOnly: true,
                description: 'whsec_ and the base64 of 24 bytes or more',
              }),
              events: Type.Optional(
                Type.Array(Type.Enum(['created', 'rotated', 'revoked', 'expiring']), {
                  minItems: 1,
                  uniqueItems: true,
                }),
              ),
              allow_private: Type.Optional(Type.Boolean()),
              ca_file: Type.Optional(Type.String({ minLength: 1, description: 'the path of a file' })),
            },
            { additionalProperties: false },
          ),
          {
            default: [],
            maxItems: 20,
            description:
              'Where key events are sent, each with url (https) and secret (whsec_ and base64), and where wanted events (created, rotated, revoked, expiring; else all), allow_private (true for a private address) and ca_file (a private authority).',
          },
        ),
        expiring_days: Type.Integer({
          minimum: 1,
          maximum: 365,
          default: 7,
          env: 'SIDECAR_WEBHOOKS_EXPIRING_DAYS',
          description: 'How many days before its end a key is announced as expiring.',
        }),
      },
      { additionalProperties: false, description: 'Notices of what happens to keys.' },
    ),
    server: Type.Object(
      {
        listen: Type.String({
          default: '127.0.0.1:8091',
          pattern: '^(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):[0-9]{1,5}$',
          env: 'SIDECAR_LISTEN',
          description: 'Address and port to listen on, HOST:PORT or [IPv6]:PORT.',
        }),
        workers: Type.Union([Type.Integer({ minimum: 1, maximum: 64 }), Type.Literal('auto')], {
          default: 1,
          env: 'SIDECAR_WORKERS',
          description: 'Processes that share the work; auto starts one for each core.',
        }),
        trusted_proxies: Type.Union([Type.String(), Type.Null()], {
          default: null,
          env: 'SIDECAR_TRUSTED_PROXIES',
          description:
            "Proxies whose X-Forwarded-* headers count: addresses and CIDR ranges with commas between, or * for whoever connects. null takes the panel's TRUSTED_PROXIES.",
        }),
        max_in_flight: Type.Integer({
          minimum: 1,
          maximum: 100_000,
          default: 1000,
          env: 'SIDECAR_MAX_IN_FLIGHT',
          description: 'Requests worked on at once by each worker; more are answered 503 at once.',
        }),
        max_connections: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 10_000,
          env: 'SIDECAR_MAX_CONNECTIONS',
          description: 'Connections open at once; more are closed at once.',
        }),
        request_timeout_ms: Type.Integer({
          minimum: 500,
          maximum: 600_000,
          default: 30_000,
          env: 'SIDECAR_REQUEST_TIMEOUT_MS',
          description:
            'Longest time a client may take to send a request, in milliseconds, and then to take the answer.',
        }),
        public_metrics: Type.Boolean({
          default: false,
          env: 'SIDECAR_PUBLIC_METRICS',
          description: 'Answer /metrics to any address, not only on loopback.',
        }),
        public_docs: Type.Boolean({
          default: false,
          env: 'SIDECAR_PUBLIC_DOCS',
          description: 'Answer /docs and /openapi.json to any address, not only on loopback.',
        }),
        log_level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
          default: 'info',
          env: 'SIDECAR_LOG_LEVEL',
          description: 'Least severe log lines to write.',
        }),
      },
      { additionalProperties: false, description: 'The HTTP server.' },
    ),
    database: Type.Object(
      {
        timeout_ms: Type.Integer({
          minimum: 100,
          maximum: 60_000,
          default: 5000,
          env: 'SIDECAR_DATABASE_TIMEOUT_MS',
          description: 'Longest wait for the database, in milliseconds; then the caller gets 503.',
        }),
        pool_size: Type.Integer({
          minimum: 1,
          maximum: 200,
          default: 10,
          env: 'SIDECAR_DATABASE_POOL_SIZE',
          description: 'Most connections of each worker to the database.',
        }),
      },
      { additionalProperties: false, description: "The panel's database." },
    ),
  },
  { additionalProperties: false },
);

/** The settings in force, every one of them set. */
export type Settings = Static<typeof settingsSchema>;
