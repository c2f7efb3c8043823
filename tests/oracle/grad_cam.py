"""Maps of Grad-CAM by the package `grad-cam` and structural similarities by scikit-image, for the tests of the networks in stages.

Made with Python 3.11+, torch 2.15.0, torchvision 0.29.2, grad-cam 1.5.7 and scikit-image 0.26, on the CPU. Run from anywhere:

    python tests/oracle/grad_cam.py
    python tests/oracle/grad_cam.py --only vgg16

Weights and images are not stored: both sides make them with `numbers`, as for networks.py, whose keys and weights these are. Below
`cam.KEY`: `classes` (the class that is explained, one for each image: the first whose map is not zero everywhere), `logits`, `map`
(before up-sampling), `up` (what the package gives for the image, every n-th number) and `ssim` (of its maps of both images).
"""

import torch
import torchvision
from fixtures import STAGES, arguments, load, merged, save
from networks import VggMean, filled, tensor, thinned
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from skimage.metrics import structural_similarity
from torch import nn

SIDE = 96


class Dense(nn.Module):
    """torchvision's DenseNet with a module in place of the function after its last norm."""

    def __init__(self, network):
        super().__init__()
        self.features, self.last, self.classifier = network.features, nn.ReLU(), network.classifier

    def forward(self, x):
        return self.classifier(self.last(self.features(x)).mean((2, 3)))


def explained(out, key, network, layer):
    network.eval()
    x = tensor(f"{key}.cam", (2, 3, SIDE, SIDE))
    classes, maps, ups = [], [], []
    with GradCAM(model=network, target_layers=[layer]) as cam:
        for image in x.split(1):
            for c in range(network(image).shape[1]):
                target = [ClassifierOutputTarget(c)]
                up = cam(input_tensor=image, targets=target)[0]
                acts, grads = (a[0].cpu().numpy() for a in (cam.activations_and_grads.activations, cam.activations_and_grads.gradients))
                small = torch.from_numpy(cam.get_cam_image(image, layer, target, acts, grads)).clamp(min=0)[0]
                if small.max() > 0:
                    break
            classes.append(c), maps.append(small), ups.append(torch.from_numpy(up))
            print(key, "class", c, "map", tuple(small.shape), "from", small.min().item(), "to", small.max().item())
    similar = structural_similarity(*(u.double().numpy() for u in ups), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0)
    out[f"cam.{key}.classes"] = torch.tensor(classes)
    out[f"cam.{key}.logits"] = network(x).detach()
    out[f"cam.{key}.map"] = torch.stack(maps).float()
    out[f"cam.{key}.up"] = thinned(torch.stack(ups).float())
    out[f"cam.{key}.ssim"] = torch.tensor([similar], dtype=torch.float32)
    print(key, "ssim", similar)


def vgg16(out, key):
    network = filled(key, VggMean(2))
    explained(out, key, network, network.features[29])


def resnet50(out, key):
    network = filled(key, torchvision.models.resnet50(num_classes=3))
    explained(out, key, network, network.layer4)


def densenet121(out, key):
    network = Dense(filled(key, torchvision.models.densenet121(num_classes=2)))
    explained(out, key, network, network.last)


NETWORKS = {"vgg16": vgg16, "resnet50": resnet50, "densenet121": densenet121}


def main():
    found = arguments(__doc__, NETWORKS)
    torch.set_num_threads(2)
    out = {}
    for key in found.only or NETWORKS:
        NETWORKS[key](out, key)
    path = STAGES / "grad_cam.safetensors"
    save(path, merged(load(path), out, found.only, lambda name: name.split(".")[1]))
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
