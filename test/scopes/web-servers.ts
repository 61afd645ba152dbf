import { codeBlocks, readDocument, sectionOf } from '../docs/markdown.ts';
import { CaddyServer } from '../support/caddy.ts';
import { NginxServer } from '../support/nginx.ts';
import type { StandInPanel } from '../support/stand-in-panel.ts';

/** The web servers for which the docs hand out lines that are tested with the real one. */
export const webServerNames = ['nginx', 'caddy'] as const;

/** One of those. */
export type WebServerName = (typeof webServerNames)[number];

/** A web server in front of the stand-in for the panel. */
export interface WebServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** What a web server is set up with. */
export interface Setting {
  readonly panel: StandInPanel;
  /** Where the service listens, `HOST:PORT`. */
  readonly service: string;
  /** Changes the docs' lines, to see what comes of leaving some out. */
  readonly change?: (lines: string) => string;
}

/** Starts a web server as the docs say to set it up. */
export function startWebServer(name: WebServerName, setting: Setting): Promise<WebServer> {
  return name === 'nginx' ? startNginx(setting) : startCaddy(setting);
}

const documentedService = '127.0.0.1:8091';

/** The blocks that the docs hand out for a web server, in order. */
export function documentedLines(document: string, section: string, language: string): readonly string[] {
  const blocks = codeBlocks(sectionOf(readDocument(document), section));
  return blocks.filter((block) => block.language === language).map(({ text }) => text);
}

const [upstream = '', keyLocation = ''] = documentedLines('README.md', 'nginx', 'nginx');
const [serverLines = '', phpLine = ''] = documentedLines('docs/scopes.md', 'nginx', 'nginx');

/** A server block as the panel's own documentation has it: files that exist, else PHP. */
function startNginx({ panel, service, change = (lines) => lines }: Setting): Promise<WebServer> {
  return NginxServer.start({
    http: upstream.replace(documentedService, service),
    server: `
      root ${panel.root};
      index index.php;
      ${change(serverLines)}
      location ~ /\\.ht { deny all; }
      location / { try_files $uri $uri/ /index.php?$query_string; }
      ${keyLocation}
      location ~ \\.php$ {
        fastcgi_split_path_info ^(.+\\.php)(/.+)$;
        fastcgi_pass ${panel.address};
        fastcgi_index index.php;
        fastcgi_param QUERY_STRING $query_string;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param SCRIPT_NAME $fastcgi_script_name;
        fastcgi_param PATH_INFO $fastcgi_path_info;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_param REQUEST_URI $request_uri;
        ${change(phpLine)}
      }`,
  });
}

const [siteLines = ''] = documentedLines('docs/scopes.md', 'Caddy', 'caddyfile');

function startCaddy({ panel, service, change = (lines) => lines }: Setting): Promise<WebServer> {
  return CaddyServer.start(`
    root * ${panel.root}
    ${change(siteLines).replace(documentedService, service)}
    php_fastcgi ${panel.address}
    file_server`);
}
