/** What an answer tells of the version of a file: its ETag where pages may read it, else its date. */
export function validatorOf({ headers }: Response): string | null {
  return headers.get('etag') ?? headers.get('last-modified');
}

/** False when an answer comes from another version of the file than `validator` tells of; true where nobody can tell. */
export function mayBeVersion(validator: string | null, { headers }: Response): boolean {
  if (validator === null) return true;
  return isSameVersion(validator, headers.get(isTag(validator) ? 'etag' : 'last-modified'));
}

/** True when two validators are of the same version, or cannot be compared: an answer may lack what another had. */
export function isSameVersion(one: string | null, other: string | null): boolean {
  if (one === null || other === null || isTag(one) !== isTag(other)) return true;
  // A weak tag stands for the same content, compressed on its way or not.
  return bare(one) === bare(other);
}

function isTag(validator: string): boolean {
  return /^(W\/)?"/.test(validator);
}

function bare(validator: string): string {
  return validator.replace(/^W\//, '');
}

/** `bytes 0-9/100`; `size` is null where the server does not know it. Null when it is absent or hidden from pages. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly size: number | null;
}

export function contentRangeOf({ headers }: Response): ContentRange | null {
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(
    headers.get('content-range')?.trim() ?? '',
  ) ?? [null];
  if (first === undefined || last === undefined || size === undefined) return null;
  return { first: Number(first), last: Number(last), size: size === '*' ? null : Number(size) };
}

/** The length that an answer announces, or null. */
export function contentLengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
}
