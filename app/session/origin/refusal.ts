import { FetchError } from '../../../core/errors.ts';

/** Too busy, or broken for the moment; all other refusals stay. */
const PASSING = new Set([408, 425, 429]);

/** The error for an answer with another status than was asked for. `retryAfterMs` is set where the server tells. */
export function refusal(url: string, response: Response, step: string, expected: string): FetchError {
  const { status } = response;
  const { host } = new URL(url);
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  return new FetchError(`${host} ${inWords(status)} (${status}) for ${url}.`, {
    step,
    expected,
    actual: String(status),
    status,
    url,
    retry: PASSING.has(status) || status >= 500,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

function inWords(status: number): string {
  if (status === 200) return 'sends whole files only and ignored the wish for a part';
  if (status === 401 || status === 403) return 'wants to know who asks, or refuses';
  if (status === 404 || status === 410) return 'has no such file';
  if (status === 416) return 'says that its file is shorter';
  if (status === 429) return 'has had too many requests';
  return status >= 500 ? 'has trouble' : 'gave an unexpected answer';
}

/** Seconds, or a date that is not worth the trouble. */
function retryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : null;
}
