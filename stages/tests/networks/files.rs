//! Weights from files that do not fit.

use super::reference::stream;
use candle_core::Device;
use hilum_stages::networks::Weights;
use hilum_stages::networks::smallcnn::{Config, SmallCnn};

fn of(width: usize) -> Weights {
    let mut weights = Weights::on(&Device::Cpu);
    SmallCnn::new(&Config { width, dropout: 0.0 }, 3, &mut weights.scope(&mut stream())).unwrap();
    weights
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    let (narrow, wide) = (of(4), of(8));
    let refused = wide.load_safetensors(&narrow.to_safetensors().unwrap(), &Device::Cpu).unwrap_err().to_string();
    assert!(refused.contains("conv1.weight") && refused.contains("[4, 1, 3, 3]") && refused.contains("[8, 1, 3, 3]"), "{refused}");
    assert!(wide.load_safetensors(b"\x80\x04pickle", &Device::Cpu).is_err());
}

#[test]
fn what_is_written_is_read_and_followed() {
    let (a, b) = (of(4), of(4));
    a.named_trained().iter().for_each(|(_, v)| hilum_ops::overwrite(v, &v.data().ones_like().unwrap()).unwrap());
    b.load_safetensors(&a.to_safetensors().unwrap(), &Device::Cpu).unwrap();
    assert_eq!(a.to_safetensors().unwrap(), b.to_safetensors().unwrap());
    let first = |w: &Weights| w.trained()[0].data().flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
    let c = of(4);
    let before = first(&c);
    c.approach(&a, 0.25).unwrap();
    assert!((first(&c) - (0.75 * before + 0.25)).abs() < 1e-6);
}
