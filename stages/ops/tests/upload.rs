//! Numbers on their way to a device.

mod torch;

use hilum_ops::Uploads;
use torch::fixture::device;

/// Several are under way at once, most of the length of those before, sent by another thread, some never taken, and
/// each stays what it was.
#[test]
fn numbers_arrive_as_they_were_sent() {
    let uploads = Uploads::to(&device()).unwrap();
    let numbers = |k: usize| -> Vec<f32> { (0..[6, 600, 60_000][k / 15 % 3]).map(|i| (i * 7 + k * 13) as f32).collect() };
    let (sender, sent) = std::sync::mpsc::sync_channel(3);
    let mut arrived = vec![];
    std::thread::scope(|scope| {
        scope.spawn(move || (0..60).for_each(|k| sender.send((k, uploads.send(numbers(k)).unwrap())).unwrap()));
        for (k, upload) in sent {
            if k % 5 != 4 {
                let n = upload.len();
                arrived.push((k, upload.tensor((n / 2, 2)).unwrap()));
            }
        }
    });
    assert_eq!(arrived.len(), 48);
    for (k, tensor) in arrived {
        assert_eq!(tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap(), numbers(k), "upload {k}");
    }
}

#[test]
fn a_shape_that_does_not_fit_is_refused() {
    let uploads = Uploads::to(&device()).unwrap();
    assert!(uploads.send(vec![0.0; 6]).unwrap().tensor((2, 2)).is_err());
}
