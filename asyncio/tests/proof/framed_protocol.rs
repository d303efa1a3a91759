use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::BytesMut;
use futures::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;
use tokio_util::codec::{Decoder, Encoder, Framed, LengthDelimitedCodec};

#[path = "../../src/bin/framed_protocol.rs"]
#[allow(dead_code)]
mod program;
use program::JsonCodec;

type Message = (String, u32);
type Connection = Framed<DuplexStream, JsonCodec<Message>>;

const MAX_LENGTH: u32 = 100;

fn messages() -> [Message; 3] {
    [("tea", 2), ("", 0), ("tea \u{1f375}\n", 30)].map(|(text, n)| (text.to_owned(), n))
}

fn encode(messages: &[Message]) -> BytesMut {
    let mut bytes = BytesMut::new();
    for message in messages {
        let mut codec = JsonCodec::<Message>::new(MAX_LENGTH);
        codec.encode(message, &mut bytes).unwrap();
    }
    bytes
}

fn connection() -> (DuplexStream, Connection) {
    let (near, far) = duplex(1000);
    (near, Framed::new(far, JsonCodec::new(MAX_LENGTH)))
}

async fn next(connection: &mut Connection) -> Option<io::Result<Message>> {
    let limit = Duration::from_secs(10);
    timeout(limit, connection.next()).await.expect("it waits")
}

/// Takes the messages that are there, and drops the future that waits for another one.
fn take_ready(connection: &mut Connection) -> Vec<Message> {
    let mut taken = Vec::new();
    while let Some(message) = connection.next().now_or_never() {
        taken.push(message.unwrap().unwrap());
    }
    taken
}

#[tokio::test]
async fn split_at_any_byte_the_messages_are_the_same() {
    let bytes = encode(&messages());
    for at in 0..=bytes.len() {
        let (mut near, mut connection) = connection();
        near.write_all(&bytes[..at]).await.unwrap();
        let mut received = take_ready(&mut connection);
        near.write_all(&bytes[at..]).await.unwrap();
        received.extend(take_ready(&mut connection));
        assert_eq!(received, messages(), "split at byte {at}");
    }
}

#[tokio::test]
async fn byte_by_byte_the_messages_are_the_same() {
    let (mut near, mut connection) = connection();
    let mut received = Vec::new();
    for byte in encode(&messages()) {
        near.write_u8(byte).await.unwrap();
        received.extend(take_ready(&mut connection));
    }
    assert_eq!(received, messages());
}

#[tokio::test]
async fn an_end_within_a_frame_is_an_error_and_between_frames_the_end() {
    let bytes = encode(&messages());
    let ends = [0, 1, 2, 3].map(|count| encode(&messages()[..count]).len());
    for at in 0..=bytes.len() {
        let (mut near, mut connection) = connection();
        near.write_all(&bytes[..at]).await.unwrap();
        drop(near);
        let mut result = next(&mut connection).await;
        while let Some(Ok(_)) = result {
            result = next(&mut connection).await;
        }
        assert_eq!(result.is_none(), ends.contains(&at), "the end at byte {at}");
    }
}

#[tokio::test]
async fn length_delimited_codec_takes_an_end_behind_a_length_for_a_proper_end() {
    let (mut near, far) = duplex(100);
    near.write_all(&[0, 0, 0, 9]).await.unwrap();
    drop(near);
    let mut frames = Framed::new(far, LengthDelimitedCodec::new());
    assert!(frames.next().await.is_none());
}

#[tokio::test]
async fn a_length_above_the_limit_is_refused_without_waiting_for_its_bytes() {
    let (mut near, mut connection) = connection();
    near.write_u32(MAX_LENGTH + 1).await.unwrap();
    let error = next(&mut connection).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);

    let mut bytes = BytesMut::from(&u32::MAX.to_be_bytes()[..]);
    JsonCodec::<Message>::new(MAX_LENGTH)
        .decode(&mut bytes)
        .unwrap_err();
    assert!(bytes.capacity() < 1000, "memory was taken");
}

#[tokio::test]
async fn a_message_as_long_as_the_limit_passes_and_a_longer_one_is_not_sent() {
    let (near, mut receiver) = connection();
    let mut sender: Connection = Framed::new(near, JsonCodec::new(MAX_LENGTH));
    let around = r#"["",7]"#.len();
    let text = "x".repeat(MAX_LENGTH as usize - around);
    let longest = (text.clone(), 7);
    let too_long = (text + "x", 7);

    let error = sender.send(&too_long).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    sender.send(&longest).await.unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().unwrap(), longest);
}

#[tokio::test]
async fn a_frame_without_json_is_an_error() {
    let (mut near, mut connection) = connection();
    near.write_all(b"\0\0\0\x02{]").await.unwrap();
    let error = next(&mut connection).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}
