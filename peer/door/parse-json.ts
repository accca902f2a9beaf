import * as v from 'valibot';
import { badRequest } from './door-error.ts';

/** A body as JSON of this form: what comes through here is checked, once. @throws DoorError 400 that names the field */
export function parseJson<T>(bytes: Uint8Array, schema: v.GenericSchema<unknown, T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badRequest('The body is not JSON.', undefined, 'invalid_json');
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue)?.slice(0, 200);
  // What was sent stays out of the message: it may be long, and secret.
  const expected = issue.kind === 'schema' && issue.expected ? `: ${issue.expected} is expected` : '';
  const said = issue.message.startsWith('Invalid') ? `is not valid${expected}` : issue.message;
  throw badRequest(path === undefined ? `The body ${said}.` : `"${path}" ${said}.`, path);
}

/** Clients send null for what they leave out. */
export const maybe = <T>(
  schema: v.GenericSchema<unknown, T>,
): v.GenericSchema<unknown, T | null | undefined> => v.nullish(schema);
