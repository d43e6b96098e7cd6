import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** An address at which something goes wrong before any request could be sent. */
export interface Place {
  readonly port: number;
  close(): Promise<void>;
}

const loopback = '127.0.0.1';

/**
 * A port that refuses: nothing listens on it, and nothing else can get it meanwhile, since a connection of ours to
 * somewhere else holds it as its own end.
 */
export async function refusingPort(): Promise<Place> {
  const holder = createServer((socket) => void socket.on('error', () => {}));
  await listening(holder);
  const probe = createServer();
  await listening(probe);
  const { port } = probe.address() as AddressInfo;
  await closed(probe);
  const held = connect({
    port: (holder.address() as AddressInfo).port,
    host: loopback,
    localAddress: loopback,
    localPort: port,
  });
  held.on('error', () => {});
  await once(held, 'connect');
  return {
    port,
    async close() {
      held.destroy();
      await closed(holder);
    },
  };
}

/** Accepts connections, and says nothing: a TLS handshake never comes to an end. */
export async function silentPort(): Promise<Place> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await listening(server);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}

/** A thread that listens and never accepts. */
const deafListener = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ host: '${loopback}', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/**
 * A port that leaves new connections without an answer: nobody accepts those that wait, and once they are as many as
 * fit, the kernel drops the others. On Linux; elsewhere kernels may refuse instead.
 */
export async function blackHolePort(): Promise<Place> {
  const worker = new Worker(deafListener, { eval: true, execArgv: [] });
  const [port] = (await once(worker, 'message')) as [number];
  worker.unref();
  const fillers = Array.from({ length: 4 }, () => connect(port, loopback).on('error', () => {}));
  // All four have been sent by the time the first is told that it is connected.
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

export async function listening(server: Server): Promise<void> {
  server.listen(0, loopback);
  await once(server, 'listening');
}

export async function closed(server: Server): Promise<void> {
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
