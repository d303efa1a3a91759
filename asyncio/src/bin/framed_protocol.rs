//! Send messages over a stream of bytes: frames with a length in front, and JSON inside.
//!
//! Use it for a protocol of your own over TCP, a Unix socket or a pipe. One `write` is not one
//! `read`: bytes arrive in pieces of any size, and several messages may arrive at once. `Framed`
//! collects the bytes and asks a codec for messages. `JsonCodec` waits until a whole frame is
//! there.
//!
//! - A frame is its length, as four bytes in network order, and then that many bytes of JSON.
//! - `next` is cancel safe: a message that is half there stays in the buffer.
//! - A stream that ends within a frame is an error: "bytes remaining on stream". Between two frames
//!   it is a proper end.
//! - The limit is checked before any memory is taken: four bytes may claim 4 GiB.
//! - After an error close the connection: the next frame may begin anywhere.
//! - `LengthDelimitedCodec` of tokio-util cuts frames as well, but if the stream ends right after a
//!   length, it reports no error. For lines: `LinesCodec` (`chat_server`).
//!
//! Python: `struct.unpack(">I", await reader.readexactly(4))`, `readexactly(length)`, `json.loads`
//! Needs: `cargo add bytes@1 serde@1 serde_json@1`, `cargo add tokio-util@0.7 -F codec`
//! Demo needs: `cargo add anyhow@1 futures@0.3`, `cargo add serde@1 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/framed_protocol.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin framed_protocol
//! Order { item: "tea", count: 2 }: 6
//! Order { item: "milk", count: 30 }: 90
//! a message of 5021 bytes is too long
//! ```

use std::io::{self, ErrorKind};
use std::marker::PhantomData;

use bytes::{Buf, BufMut, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::codec::{Decoder, Encoder};

/// A codec for `Framed`. It reads messages of the type `T`, and writes messages of any type.
pub struct JsonCodec<T> {
    max_length: u32,
    // Holds nothing, but every type parameter must be used in a field.
    message: PhantomData<T>,
}

impl<T> JsonCodec<T> {
    /// Makes a codec for messages of at most `max_length` bytes of JSON.
    pub fn new(max_length: u32) -> Self {
        Self {
            max_length,
            message: PhantomData,
        }
    }

    /// Checks the length of a message, in bytes.
    fn check(&self, length: usize) -> io::Result<()> {
        if length > self.max_length as usize {
            let text = format!("a message of {length} bytes is too long");
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        Ok(())
    }
}

impl<T: DeserializeOwned> Decoder for JsonCodec<T> {
    type Item = T;
    type Error = io::Error;

    /// Takes a message from `bytes`, or leaves them as they are until there are more of them.
    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<T>> {
        let Some(head) = bytes.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head) as usize;
        self.check(length)?;
        if bytes.len() < 4 + length {
            return Ok(None);
        }
        bytes.advance(4);
        let json = bytes.split_to(length);
        let message = serde_json::from_slice(&json)?;
        Ok(Some(message))
    }
}

impl<T, M: Serialize> Encoder<M> for JsonCodec<T> {
    type Error = io::Error;

    /// Appends a message to `bytes`.
    fn encode(&mut self, message: M, bytes: &mut BytesMut) -> io::Result<()> {
        let json = serde_json::to_vec(&message)?;
        self.check(json.len())?;
        bytes.put_u32(json.len() as u32);
        bytes.put_slice(&json);
        Ok(())
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::io::{DuplexStream, duplex};
use tokio_util::codec::Framed;

const MAX_LENGTH: u32 = 1000;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    item: String,
    count: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A connection that holds three bytes at a time: every message arrives in pieces.
    let (near_end, far_end) = duplex(3);
    let server = tokio::spawn(sell(far_end));

    let mut shop = Framed::new(near_end, JsonCodec::<u32>::new(MAX_LENGTH));
    for (item, count) in [("tea", 2), ("milk", 30)] {
        let item = item.to_owned();
        let order = Order { item, count };
        shop.send(&order).await?;
        let total = shop.next().await.context("the shop has hung up")??;
        println!("{order:?}: {total}");
    }

    let item = "x".repeat(5000);
    let error = shop.send(Order { item, count: 1 }).await.unwrap_err();
    println!("{error}");
    drop(shop);
    server.await?
}

/// Answers orders until the customer hangs up. Everything costs 3.
async fn sell(connection: DuplexStream) -> anyhow::Result<()> {
    let mut customer = Framed::new(connection, JsonCodec::<Order>::new(MAX_LENGTH));
    while let Some(order) = customer.next().await {
        let total = 3 * order?.count;
        customer.send(total).await?;
    }
    Ok(())
}
