// SPDX-License-Identifier: Apache-2.0
//
// Between a client and a server: a line that breaks again and again, in the middle of anything.
import { once } from "node:events";
import net from "node:net";

/** `url()`: where to, asked for each connection. Each answer is cut off after one of `sizes` bytes, in turn. */
export async function cutter(t, url, sizes) {
    const cut = { n: 0 };
    let turn = 0;
    const listener = net.createServer((client) => {
        let left = sizes[turn++ % sizes.length];
        const server = net.connect(Number(new URL(url()).port), "127.0.0.1");
        const end = () => (client.destroy(), server.destroy());
        for (const socket of [client, server]) socket.on("error", end).on("close", end);
        client.pipe(server);
        server.on("data", (data) => {
            client.write(data.subarray(0, left));
            left -= data.length;
            if (left > 0) return;
            cut.n++;
            client.end();
            server.destroy();
        });
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    t.after(() => listener.close());
    cut.url = `http://127.0.0.1:${listener.address().port}`;
    return cut;
}
