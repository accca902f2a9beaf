/** Where other sites meet ours: the page that they put into a frame, and the module that does it for them. */
const FRAME_PATH = '/embed.html';
const MODULE_PATHS = new Set(['/potluck.js', '/potluck.d.ts']);
/** Where the module asks whether the site around it may embed rooms: a frame that may not is silent in every browser. */
const QUESTION_PATH = '/embed.json';

/** This server's own pages may always. */
const SELF = "'self'";

/** URLs may hold more: a semicolon would end the directive, and a wildcard is none to the module that asks. */
const ORIGIN = /^https?:\/\/(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d+)?$/;

export interface EmbeddingAnswer {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON to answer with; without it the file is served. */
  readonly json?: unknown;
}

/**
 * Reads what `--embed` was given: origins such as `https://example.org`, or `*` for every site.
 * @throws Error that says which of them is none.
 */
export function readEmbedders(values: readonly string[]): readonly string[] {
  return values.map((value) => {
    if (value === '*') return value;
    const { origin, href } = URL.canParse(value) ? new URL(value) : { origin: 'null', href: '' };
    // A path would be refused by browsers in silence.
    if (ORIGIN.test(origin) && (href === origin || href === `${origin}/`)) return origin;
    throw new Error(`--embed needs an origin such as https://example.org, or "*", got "${value}".`);
  });
}

/** The value of `frame-ancestors` for the page in the frame. */
function ancestorsOf(embedders: readonly string[]): string {
  return embedders.includes('*') ? '*' : [SELF, ...embedders].join(' ');
}

/**
 * What is different for a path that other sites see; undefined for every other path, which they do not. `policy` is the
 * page's Content-Security-Policy for given ancestors, `origin` what the request says.
 */
export function embedding(
  url: string,
  origin: string | undefined,
  embedders: readonly string[],
  policy: (ancestors: string) => string,
): EmbeddingAnswer | undefined {
  const path = url.split('?', 1)[0] ?? '';
  if (path === FRAME_PATH) {
    return {
      headers: {
        'Content-Security-Policy': policy(ancestorsOf(embedders)),
        // Pages that are cross-origin isolated take no frame without it.
        'Cross-Origin-Resource-Policy': 'cross-origin',
        // Isolates the frame by itself (Chromium from 137 on), so that it has threads in any page.
        'Document-Isolation-Policy': 'isolate-and-require-corp',
      },
    };
  }
  const shared = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  if (MODULE_PATHS.has(path)) {
    // The file type's usual name is that of a video stream.
    return {
      headers: { ...shared, ...(path.endsWith('.ts') && { 'Content-Type': 'text/plain; charset=utf-8' }) },
    };
  }
  if (path !== QUESTION_PATH) return undefined;
  // Browsers send no Origin to the same origin.
  const embed = origin === undefined || embedders.includes('*') || embedders.includes(origin);
  return {
    headers: { ...shared, 'Content-Type': 'application/json', 'Cache-Control': 'no-store', Vary: 'Origin' },
    json: { embed },
  };
}
