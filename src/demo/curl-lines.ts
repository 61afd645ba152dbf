import type { DemoSeed } from './seed.ts';

/** A command to paste into a shell. */
export interface CurlLine {
  /** What it does. */
  readonly title: string;
  readonly command: string;
}

/** One line for each endpoint, which work as they are while the demo runs. */
export function curlLines(
  url: string,
  { users, nodes, applicationKey, accountKey }: DemoSeed,
): readonly CurlLine[] {
  const owner = users.find(({ id }) => id === accountKey.userId);
  const [node] = nodes;
  const curl = `curl -s -H 'Authorization: Bearer ${applicationKey.identifier}${applicationKey.secret}'`;
  const keys = `${url}/api/application/users/${owner?.id}/api-keys`;
  const body = JSON.stringify({ description: 'Shop', allowed_ips: ['203.0.113.0/24'] });
  return [
    { title: `List the API keys of ${owner?.username}`, command: `${curl} ${keys}` },
    {
      title: `Make ${owner?.username} a key`,
      command: `${curl} -H 'Content-Type: application/json' -d '${body}' ${keys}`,
    },
    {
      title: `Delete one of the keys of ${owner?.username}`,
      command: `${curl} -i -X DELETE ${keys}/${accountKey.identifier}`,
    },
    {
      title: `List free ports of node ${node?.name}`,
      command: `${curl} '${url}/api/application/nodes/${node?.id}/allocations/free?per_page=5'`,
    },
  ];
}
