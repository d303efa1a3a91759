use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, advance, timeout};

#[path = "../../src/bin/test_with_paused_time.rs"]
#[allow(dead_code)]
mod program;
use program::wait_until_ready;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn it_asks_sixty_times_and_not_again() {
    let mut asked = 0;
    wait_until_ready(async || {
        asked += 1;
        false
    })
    .await;
    assert_eq!(asked, 60);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_a_socket_is_over_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (_silent_peer, _) = listener.accept().await.unwrap();
    let read = timeout(HOUR, client.read_u8()).await;
    assert!(read.is_err());
}

#[tokio::test(start_paused = true)]
async fn advance_moves_the_clock_by_hand() {
    let start = Instant::now();
    advance(HOUR).await;
    assert_eq!(start.elapsed(), HOUR);
}
