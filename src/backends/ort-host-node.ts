// Entry of the worker thread or child process that ONNX Runtime lives in. Built to dist/ort-node-host.js.
import { parentPort } from 'node:worker_threads';
import { AnimateDiffError } from '../core/errors.js';
import { plainError } from '../core/port/plain-error.js';
import type { HostMessage, HostReply, RuntimeService } from './host/host-protocol.js';
import { ortNodeService } from './ort-node-service.js';
import { tensorBuffers } from './own-tensors.js';

type Call = Extract<HostMessage, { kind: 'call' }>;

async function serve(service: RuntimeService, { id, call, request }: Call): Promise<HostReply> {
  try {
    return { id, ok: true, answer: await service[call](request as never) };
  } catch (error) {
    return { id, ok: false, error: plainError(withCode(error)) };
  }
}

/** What was thrown, under a code of ours and without what caused it, which may be as large as anything. */
function withCode(error: unknown): AnimateDiffError {
  if (AnimateDiffError.isInstance(error)) {
    return new AnimateDiffError(error.code, error.message, { details: error.details });
  }
  return new AnimateDiffError('backend', error instanceof Error ? error.message : String(error));
}

function transferables(call: Call, reply: HostReply): ArrayBuffer[] {
  return call.call === 'run' && reply.ok ? tensorBuffers(reply.answer as never) : [];
}

function serveThread(port: NonNullable<typeof parentPort>): void {
  const service = ortNodeService(true);
  port.on('message', async (message: HostMessage) => {
    if (message.kind === 'end') return port.close();
    const reply = await serve(service, message);
    port.postMessage(reply, transferables(message, reply));
  });
}

function serveProcess(): void {
  const service = ortNodeService(true);
  process.on('message', async (message: HostMessage) => {
    if (message.kind === 'end') return process.disconnect();
    const reply = await serve(service, message);
    if (process.connected) process.send?.(reply);
  });
}

if (parentPort === null) serveProcess();
else serveThread(parentPort);
