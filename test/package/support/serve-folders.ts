import { join, normalize } from 'node:path';
import { isolate, type RunningServer, sendFile, startServer } from '../../support/http-server.js';

/** How a site is served. */
export interface SiteOptions {
  /** Folders by the path that they lie below, such as `/`; the longest that fits is taken. */
  readonly folders: Readonly<Record<string, string>>;
  readonly csp: string;
  /** Whether pages may use threads. */
  readonly isolated: boolean;
}

/** Serves folders as a careful site would: with a policy, types and nothing else. */
export function serveFolders({ folders, csp, isolated }: SiteOptions): Promise<RunningServer> {
  const prefixes = Object.keys(folders).sort((a, b) => b.length - a.length);
  return startServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    const prefix = prefixes.find((each) => path.startsWith(each)) ?? '/';
    response.setHeader('Content-Security-Policy', csp);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (isolated) isolate(response);
    // Browsers ask for an icon by themselves, and complain where there is none.
    if (pathname === '/favicon.ico') response.writeHead(204).end();
    else sendFile(join(folders[prefix]!, path.slice(prefix.length)), request, response);
  });
}
