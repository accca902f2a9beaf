import { refusal } from './refusal.ts';
import { transfer } from './transfer.ts';
import { contentLengthOf, validatorOf } from './version.ts';

/** What is known of a file without a byte of it. */
export interface FileHead {
  readonly bytes: number | null;
  readonly validator: string | null;
}

/** Asks for the head of a file only. @throws FetchError when the server refuses or is not there. */
export async function headOf(
  url: string,
  options: { readonly step: string; readonly signal: AbortSignal; readonly stallMs?: number | undefined },
): Promise<FileHead> {
  // A browser that wishes for a range accepts no compression: the length is the file's own, with 200 and 206.
  const { response, end } = await transfer(url, { ...options, method: 'HEAD', range: 'bytes=0-' });
  try {
    if (!response.ok) throw refusal(url, response, options.step, '200');
    return { bytes: contentLengthOf(response), validator: validatorOf(response) };
  } finally {
    end();
  }
}
