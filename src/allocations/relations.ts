import { AccessLevel } from '../auth/access.ts';
import type { Credential, NodeView, Panel } from '../panel/panel.ts';

/** What a port embeds, by name. */
export type Relations = Readonly<Record<string, unknown>>;

/** What shows in place of what is not there, or what the caller may not read. */
const nothing = { object: 'null_resource', attributes: null };

/**
 * What each port of a node embeds, or null where nothing is asked for. A free port has no server, and what the
 * caller may not read shows the same way.
 */
export function relationsOf(
  includes: ReadonlySet<string>,
  node: NodeView,
  credential: Credential,
  panel: Panel,
): Relations | null {
  const mayRead = (resource: 'nodes' | 'locations') => panel.allows(credential, resource, AccessLevel.read);
  const relations: Record<string, unknown> = {};
  if (includes.has('node')) {
    relations.node = mayRead('nodes') ? { object: 'node', attributes: node.attributes } : nothing;
  }
  if (includes.has('location')) {
    const isShown = mayRead('locations') && node.location !== null;
    relations.location = isShown ? { object: 'location', attributes: node.location } : nothing;
  }
  if (includes.has('server')) relations.server = nothing;
  return Object.keys(relations).length === 0 ? null : relations;
}

/** `meta.node` of a list of one node's ports, as much of it as the caller may read. */
export function nodeInfo(node: NodeView, credential: Credential, panel: Panel): { readonly node?: object } {
  if (!panel.allows(credential, 'nodes', AccessLevel.read)) return {};
  const location = panel.allows(credential, 'locations', AccessLevel.read) ? { location: node.location } : {};
  return { node: { ...node.summary, ...location } };
}
